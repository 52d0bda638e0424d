import Evaluation

extension ExperimentStep {
  /// The group of a step, whose options of `sbatch` it gets.
  /// - Parameter parts: the number of parts of each attack.
  func group(parts: Int) -> ClusterPlan.Group {
    switch self {
    case .model: .models
    case .part: .attacks
    case .attack: parts > 1 ? .merges : .attacks
    case .probe: .probes
    case .certificate: .certificates
    case .explanation: .explanations
    case .repetition: .repetitions
    case .report: .report
    }
  }
}

/// The job arrays that do the steps that are neither done nor in jobs that wait or run.
///
/// Models that need other models come in an array after theirs. Everything else has one array for
/// each group of steps, or several if one would be larger than the cluster allows.
struct SubmissionPlan: Sendable {
  /// A job array that is yet to be submitted.
  struct Job: Sendable {
    let group: ClusterPlan.Group
    let steps: [ExperimentStep]
    let tasks: Int
    /// What must have succeeded before it starts.
    fileprivate(set) var needs: [Need] = []
  }

  enum Need: Hashable, Sendable {
    /// A job of this plan, by its place in `jobs`.
    case planned(Int)
    /// A job that waits or runs, or a task of one: `12` or `12_3`.
    case live(String)
  }

  /// The jobs, each after those that it needs.
  private(set) var jobs: [Job] = []
  /// The number of steps that are done, and of those that are in jobs that wait or run.
  private(set) var done = 0
  private(set) var left = 0

  /// - Parameters:
  ///   - maxTasks: the most tasks of a group, of which each then does several steps; nil for one
  ///     task per step.
  ///   - largestArray: the most tasks of a job array.
  init(_ plan: RunPlan, _ states: JobStates, maxTasks: Int?, largestArray: Int) {
    var levels: [ExperimentStep: Int] = [:]
    var groups: [Int: [RunPlan.Step]] = [:]
    let order = ClusterPlan.Group.allCases
    var isDone: Set<ExperimentStep> = []
    for step in plan.steps {
      if step.isDone {
        isDone.insert(step.step)
        done += 1
      } else if states.livePlace(of: step.step.name) != nil {
        left += 1
      } else {
        let group = step.step.group(parts: plan.parts)
        // Models before all others, and among them those of a lower level first.
        let rank = order.firstIndex(of: group) ?? 0
        var level = plan.steps.count + rank
        if group == .models {
          level = 1 + (step.needs.compactMap { levels[$0] }.max() ?? 0)
          levels[step.step] = level
        }
        groups[level, default: []].append(step)
      }
    }
    var homes: [ExperimentStep: Int] = [:]
    for (_, steps) in groups.sorted(by: { $0.key < $1.key }) {
      let group = steps[0].step.group(parts: plan.parts)
      let tasks = min(steps.count, maxTasks ?? steps.count)
      let arrays = (tasks + largestArray - 1) / largestArray
      for number in 1...arrays {
        let share = AttackPart(number, of: arrays)
        let own = Array(share.share(of: steps))
        let needs = Self.needs(of: own, isDone, homes, states)
        for step in own { homes[step.step] = jobs.count }
        jobs.append(
          Job(
            group: group, steps: own.map(\.step),
            tasks: min(own.count, share.share(of: Array(0..<tasks)).count), needs: needs))
      }
    }
  }

  private static func needs(
    of steps: [RunPlan.Step], _ isDone: Set<ExperimentStep>, _ homes: [ExperimentStep: Int],
    _ states: JobStates
  ) -> [Need] {
    var planned: Set<Int> = []
    var live: [Int: Set<Int>] = [:]
    for need in Set(steps.flatMap(\.needs)) where !isDone.contains(need) {
      if let home = homes[need] {
        planned.insert(home)
      } else if let place = states.livePlace(of: need.name) {
        live[place.state, default: []].insert(place.task)
      }
    }
    // A job of which a task has failed never succeeds as a whole, so only its tasks that are needed
    // are waited for.
    let names = live.sorted { $0.key < $1.key }.flatMap { index, tasks in
      let state = states.all[index]
      return state.failed.isEmpty
        ? ["\(state.job.id)"] : tasks.sorted().map { "\(state.job.id)_\($0)" }
    }
    return names.map { .live($0) } + planned.sorted().map { .planned($0) }
  }
}
