import Evaluation
import Foundation
import Support

/// Gives the steps of an experiment that are not done to Slurm, as job arrays that wait for each
/// other.
public struct Submission: Sendable {
  public let experiment: Experiment
  public let folder: JobFolder
  /// The number of parts of each attack; nil for that of the last submission.
  public var parts: Int?
  /// The most tasks of each group of steps; nil for one task per step.
  public var maxTasks: Int?
  /// The executable, unless the experiment says what starts Crossfire.
  public var executable: String
  /// Options of `crossfire run`.
  public var engine: [String] = []
  /// Options of `sbatch`, which override those of the experiment.
  public var options: [String] = []
  public var slurm = Slurm()

  public init(_ experiment: Experiment, into run: URL, executable: String) {
    self.experiment = experiment
    folder = JobFolder(of: run)
    self.executable = executable
  }

  /// What a submission did.
  public struct Outcome: Encodable, Sendable {
    /// A job array that was submitted.
    public struct Job: Encodable, Sendable {
      public let id: Int
      public let group: ClusterPlan.Group
      public let steps: Int
      public let tasks: Int
      public let needs: [String]
    }
    public fileprivate(set) var jobs: [Job] = []
    /// The number of steps that were done before.
    public let done: Int
    /// The number of steps that are in jobs that wait or run already.
    public let left: Int
    /// The jobs that waited for something that had failed, and were cancelled.
    public let cancelled: [Int]
  }

  /// Submits what is neither done nor waits or runs already. The number of each job is stored
  /// before the next one is submitted.
  /// - Throws: `Failure` if another submission is at work, if jobs of another version of the
  ///   experiment wait or run, or if `sbatch` refuses a job. The jobs before it are kept: they need
  ///   none of those that are missing.
  public func submit() throws -> Outcome {
    try check()
    // Before anything is created, so that nothing is left where Slurm does not answer.
    let largest = try slurm.largestArray()
    guard let claim = try Claim(folder.claim) else {
      throw Failure(
        .failed, "another crossfire submit is at work in \(folder.run.path)",
        hint: "wait until it has finished")
    }
    defer { withExtendedLifetime(claim) {} }
    var (book, states, plan) = try survey(isPreview: false)
    let jobs = SubmissionPlan(plan, states, maxTasks: maxTasks, largestArray: largest)
    try describe()
    let doomed = states.doomed.map(\.id)
    try slurm.cancel(doomed)
    let done = Set(plan.steps.filter(\.isDone).map(\.step.name))
    book.jobs = states.remembered(isDone: done.contains).filter { !doomed.contains($0.id) }
    book.parts = plan.parts
    try book.write(to: folder)
    try createFolder(folder.logs)
    var outcome = Outcome(done: jobs.done, left: jobs.left, cancelled: doomed)
    for script in scripts(jobs) {
      let needs = script.job.needs.map { need in
        switch need {
        case .live(let name): name
        case .planned(let place): "\(outcome.jobs[place].id)"
        }
      }
      try AtomicFile.write(script.list, to: folder.list(script.name))
      try AtomicFile.write(script.text, to: folder.script(script.name))
      var job = JobBook.Job(
        id: 0, name: script.name, group: script.job.group, steps: script.job.steps.count,
        tasks: script.job.tasks, needs: needs,
        submitted: ISO8601DateFormatter().string(from: Date()))
      // Stored first: Slurm may accept the job without this process ever learning its number.
      let attempt = JobBook.Attempt(job: job)
      book.attempt = attempt
      try book.write(to: folder)
      do {
        let id = try slurm.submit(script.arguments(after: needs, mark: attempt.mark))
        job.id = id
        book.jobs.append(job)
        book.attempt = nil
        outcome.jobs.append(
          Outcome.Job(
            id: id, group: script.job.group, steps: script.job.steps.count,
            tasks: script.job.tasks, needs: needs))
        do { try book.write(to: folder) } catch {
          // A job that is not remembered could be neither awaited nor cancelled.
          try? slurm.cancel([id])
          outcome.jobs.removeLast()
          throw error
        }
      } catch let failure as Failure {
        throw Self.halfway(failure, script, outcome, of: jobs.jobs.count, folder)
      }
    }
    return outcome
  }

  /// The calls of `sbatch` with their scripts, without submitting anything or writing any file.
  public func preview() throws -> String {
    try check()
    let (_, states, plan) = try survey(isPreview: true)
    let largest = (try? slurm.largestArray()) ?? Slurm.usualArray
    let jobs = SubmissionPlan(plan, states, maxTasks: maxTasks, largestArray: largest)
    let scripts = scripts(jobs)
    let texts = scripts.map { script in
      let needs = script.job.needs.map { need in
        switch need {
        case .live(let name): name
        case .planned(let place): "<job of \(scripts[place].name)>"
        }
      }
      let arguments = script.arguments(after: needs, mark: "<mark>").map(\.shellWord).joined(
        separator: " ")
      return "# sbatch \(arguments)\n\(script.text)"
    }
    let counts =
      "# \(scripts.count) job\(scripts.count == 1 ? "" : "s"); \(jobs.done) of "
      + "\(plan.steps.count) steps are done, and \(jobs.left) are in jobs that wait or run"
    return (texts + [counts]).joined(separator: "\n")
  }

  private func check() throws {
    try ClusterPlan.check(options)
    // In a pattern with a backslash, Slurm does not put in the numbers of job and task.
    guard !folder.run.path.contains("\\") else {
      throw Failure.usage(
        "\(folder.run.path): Slurm cannot write logs into a folder with a backslash in its path",
        hint: "choose another folder with --out")
    }
  }

  /// What is done, and what waits or runs.
  private func survey(isPreview: Bool) throws -> (JobBook, JobStates, RunPlan) {
    var book = try JobBook(folder)
    // A preview also works where Slurm is not installed.
    if !isPreview || slurm.isInstalled { try book.settle(slurm) }
    let tasks =
      isPreview && !slurm.isInstalled ? [] : try slurm.tasks(of: book.jobs.map(\.id))
    let parts = parts ?? book.parts
    let plan = try RunPlan(experiment, folder: folder.run, parts: parts)
    let done = Set(plan.steps.filter(\.isDone).map(\.step.name))
    let states = JobStates(book, folder, tasks: tasks, isDone: done.contains)
    guard !states.live.isEmpty else { return (book, states, plan) }
    let cancel = "crossfire cancel \(folder.run.path.shellWord) ends them"
    guard
      try (try? String(contentsOf: folder.experiment, encoding: .utf8)) == experiment.resolved()
    else {
      throw Failure(
        .failed, "jobs of another version of \(experiment.name) wait or run", hint: cancel)
    }
    guard parts == book.parts else {
      throw Failure.usage(
        "jobs with --parts \(book.parts) wait or run, and --parts \(parts) would do their work again",
        hint: "use --parts \(book.parts), or wait; " + cancel)
    }
    return (book, states, plan)
  }

  private func scripts(_ jobs: SubmissionPlan) -> [JobScript] {
    let first = folder.nextNumber()
    return jobs.jobs.enumerated().map { place, job in
      let number = String("000\(first + place)".suffix(max(4, "\(first + place)".count)))
      return JobScript(
        name: "\(number)-\(job.group.rawValue)", job: job, experiment: experiment, folder: folder,
        command: experiment.cluster?.command ?? executable.shellWord, engine: engine,
        options: options)
    }
  }

  /// Stores the experiment for the tasks. A run folder with an earlier version of it gets the new
  /// one if nobody is at work in it.
  private func describe() throws {
    let text = try experiment.resolved()
    let own = folder.run.appending(path: "experiment.yaml")
    let there = try? String(contentsOf: own, encoding: .utf8)
    if there != text {
      if there != nil, let other = StepClaims(folder.run).live.first {
        throw Failure(
          .failed,
          "\(other.value.description) is at work on another version of \(experiment.name) in "
            + "\(folder.run.path)", hint: "wait until it has finished, or end it")
      }
      try AtomicFile.write(text, to: own)
    }
    if (try? String(contentsOf: folder.experiment, encoding: .utf8)) != text {
      try AtomicFile.write(text, to: folder.experiment)
    }
  }

  /// The error for a submission that ends in the middle.
  private static func halfway(
    _ failure: Failure, _ script: JobScript, _ outcome: Outcome, of count: Int, _ folder: JobFolder
  ) -> Failure {
    let before = outcome.jobs.map { "\($0.id) (\($0.group.rawValue))" }.joined(separator: ", ")
    let path = folder.run.path.shellWord
    let advice =
      failure.hint ?? "if the number of jobs is limited, --max-tasks N makes larger and fewer tasks"
    return Failure(
      failure.kind,
      "the \(script.job.group.rawValue) were not submitted: \(failure.message)\n"
        + (before.isEmpty
          ? "No job was submitted."
          : "\(outcome.jobs.count) of \(count) jobs were submitted before "
            + "and go on: \(before)."),
      hint: before.isEmpty
        ? advice
        : advice
          + "; crossfire submit adds the rest when the cause is removed, and crossfire cancel "
          + "\(path) ends what was submitted")
  }
}
