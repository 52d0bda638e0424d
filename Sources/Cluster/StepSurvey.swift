import Evaluation

/// Counts the steps of a plan by their states, and estimates the time until all are done.
struct StepSurvey {
  private let plan: RunPlan
  private let states: JobStates
  private let times: StepTimes
  private let claimed: Set<String>
  /// The tasks whose processes have claimed a step, such as `12_3`.
  private let claiming: Set<String>
  /// Whether it is known which tasks wait and run.
  private let isKnown: Bool
  private(set) var stages: [FolderStatus.Stage] = []
  private(set) var total = FolderStatus.Counts()
  private(set) var failures: [(step: String, place: JobStates.Place)] = []

  init(
    _ plan: RunPlan, _ states: JobStates, _ times: StepTimes, claimed: [ClaimedStep], isKnown: Bool
  ) {
    self.plan = plan
    self.states = states
    self.times = times
    self.claimed = Set(claimed.map(\.step))
    claiming = Set(claimed.compactMap(\.job))
    self.isKnown = isKnown
  }

  mutating func count() {
    var groups: [ClusterPlan.Group: FolderStatus.Counts] = [:]
    var times: [ClusterPlan.Group: (sum: Double, count: Int)] = [:]
    let isDone = Set(plan.steps.filter(\.isDone).map(\.step))
    let running = runningSteps(isDone)
    for step in plan.steps {
      let group = step.step.group(parts: plan.parts)
      var counts = groups[group] ?? FolderStatus.Counts()
      counts.steps += 1
      if step.isDone {
        counts.done += 1
        if let seconds = self.times[step.step] {
          let known = times[group] ?? (0, 0)
          times[group] = (known.sum + seconds, known.count + 1)
        }
      } else if claimed.contains(step.step.name) || running.contains(step.step.name) {
        counts.running += 1
      } else if isKnown, let place = states.places[step.step.name],
        states.livePlace(of: step.step.name) == nil
      {
        if step.needs.allSatisfy(isDone.contains), !states.all[place.state].isCutOff {
          counts.failed += 1
          failures.append((step.step.name, place))
        } else {
          counts.blocked += 1
        }
      } else {
        counts.waiting += 1
      }
      groups[group] = counts
    }
    add(groups, times)
  }

  /// The steps that running tasks do, as far as no claim says it: of each task the first one that is
  /// not done.
  private func runningSteps(_ isDone: Set<ExperimentStep>) -> Set<String> {
    let done = Set(isDone.map(\.name))
    var running: Set<String> = []
    for state in states.all where state.isLive {
      for task in state.live.values
      where !task.isPending && !claiming.contains("\(task.job)_\(task.number)") {
        let own = stride(from: task.number, to: state.steps.count, by: max(1, state.job.tasks))
        if let line = own.first(where: { !done.contains(state.steps[$0]) }) {
          running.insert(state.steps[line])
        }
      }
    }
    return running
  }

  /// Adds up the groups, with the time that is left: the mean time of the steps that are done, times
  /// the number of those that are not, divided by the number of those that run at the same time.
  private mutating func add(
    _ groups: [ClusterPlan.Group: FolderStatus.Counts],
    _ times: [ClusterPlan.Group: (sum: Double, count: Int)]
  ) {
    let workers = groups.values.reduce(0) { $0 + $1.running }
    var left = 0.0
    var isLeftKnown = false
    for group in ClusterPlan.Group.allCases {
      guard var counts = groups[group] else { continue }
      if counts.undone == 0 {
        counts.secondsLeft = 0
      } else if let time = times[group], time.count > 0, workers > 0 {
        // A group that does not run yet is expected to get as many tasks as run now.
        let width = min(counts.undone, counts.running > 0 ? counts.running : workers)
        counts.secondsLeft = time.sum / Double(time.count) * Double(counts.undone) / Double(width)
        isLeftKnown = true
      }
      left += counts.secondsLeft ?? 0
      stages.append(FolderStatus.Stage(group: group, counts: counts))
      total.steps += counts.steps
      total.done += counts.done
      total.running += counts.running
      total.waiting += counts.waiting
      total.failed += counts.failed
      total.blocked += counts.blocked
    }
    total.secondsLeft = total.undone == 0 ? 0 : isLeftKnown ? left : nil
  }
}
