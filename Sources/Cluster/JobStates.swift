import Evaluation

/// What has become of the submitted jobs: which of their tasks wait or run, and which have ended
/// without a result.
///
/// A task has failed if it neither waits nor runs and one of its steps is not done. This needs no
/// accounting database.
struct JobStates: Sendable {
  /// A job and its tasks.
  struct State: Sendable {
    let job: JobBook.Job
    /// The names of its steps.
    let steps: [String]
    /// The tasks that wait or run, by number.
    let live: [Int: Slurm.Task]
    /// The tasks that have failed.
    let failed: Set<Int>
    /// Whether something has failed that the job waits for, so that it will never start.
    fileprivate(set) var isCutOff = false

    /// Whether the job waits in vain. Slurm cancels it sooner or later.
    var isDoomed: Bool { isCutOff && !live.isEmpty }

    /// Whether it waits or runs, and not in vain.
    var isLive: Bool { !live.isEmpty && !isDoomed }
  }

  /// The place of a step: the last job that it was submitted with, and its task.
  struct Place: Sendable {
    let state: Int
    let task: Int
  }

  /// The jobs in the order of their submission.
  private(set) var all: [State] = []
  private(set) var places: [String: Place] = [:]

  /// - Parameters:
  ///   - tasks: the tasks that wait or run. Ask for them before the steps that are done: a step that
  ///     ends in between is then done, and not failed.
  ///   - isDone: whether the step of a name is done.
  init(
    _ book: JobBook, _ folder: JobFolder, tasks: [Slurm.Task], isDone: (String) -> Bool
  ) {
    let live = Dictionary(grouping: tasks, by: \.job)
    for job in book.jobs {
      let steps = folder.steps(in: job.name)
      let own = Dictionary((live[job.id] ?? []).map { ($0.number, $0) }) { first, _ in first }
      var failed: Set<Int> = []
      for (line, step) in steps.enumerated() {
        let task = line % max(1, job.tasks)
        places[step] = Place(state: all.count, task: task)
        if own[task] == nil, !isDone(step) { failed.insert(task) }
      }
      all.append(State(job: job, steps: steps, live: own, failed: failed))
    }
    markCutOff()
  }

  /// Marks the jobs that will never start. Jobs come after those that they need.
  private mutating func markCutOff() {
    var known: [Int: State] = [:]
    for index in all.indices {
      let state = all[index]
      guard state.live.values.allSatisfy(\.isPending) else {
        known[state.job.id] = state
        continue
      }
      all[index].isCutOff =
        state.live.values.contains(where: \.waitsInVain)
        || state.job.needs.contains { need in
          let parts = need.split(separator: "_").compactMap { Int($0) }
          guard let job = parts.first.flatMap({ known[$0] }) else { return false }
          return job.isCutOff
            || (parts.count > 1 ? job.failed.contains(parts[1]) : !job.failed.isEmpty)
        }
      known[state.job.id] = all[index]
    }
  }

  /// The place of a step that waits or runs; nil for other steps.
  func livePlace(of step: String) -> Place? {
    guard let place = places[step], all[place.state].isLive,
      all[place.state].live[place.task] != nil
    else { return nil }
    return place
  }

  /// The jobs that wait or run.
  var live: [JobBook.Job] { all.filter { !$0.live.isEmpty }.map(\.job) }

  /// The jobs that wait in vain.
  var doomed: [JobBook.Job] { all.filter(\.isDoomed).map(\.job) }

  /// The jobs that are worth remembering: those that wait or run, and the last ones of steps that
  /// are not done.
  func remembered(isDone: (String) -> Bool) -> [JobBook.Job] {
    let last = Set(places.filter { !isDone($0.key) }.map(\.value.state))
    return all.indices.filter { !all[$0].live.isEmpty || last.contains($0) }.map { all[$0].job }
  }
}
