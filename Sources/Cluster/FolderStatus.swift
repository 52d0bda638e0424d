import Evaluation
import Foundation
import Support

/// How far the steps in a run folder are, whoever does them: tasks of Slurm, or processes that share
/// the folder.
public struct FolderStatus: Encodable, Sendable {
  /// The numbers of steps in a state.
  public struct Counts: Encodable, Sendable {
    public var steps = 0
    public var done = 0
    public var running = 0
    public var waiting = 0
    /// Steps whose task has ended without a result.
    public var failed = 0
    /// Steps whose task was never started, because a step that it needs has failed.
    public var blocked = 0
    /// The time until they are done, in seconds; nil if it is unknown.
    public var secondsLeft: Double?

    public var undone: Int { steps - done }
  }

  /// A group of steps.
  public struct Stage: Encodable, Sendable {
    public let group: ClusterPlan.Group
    public let counts: Counts
  }

  /// A step that has failed.
  public struct FailedStep: Encodable, Sendable {
    public let step: String
    /// The job and the task, such as `12_3`.
    public let task: String
    /// The log of the task, from the run folder on; nil if there is none.
    public let log: String?
    /// The last line of the log that says something.
    public let line: String
  }

  public let experiment: String
  public let folder: String
  public let stages: [Stage]
  public let total: Counts
  public let failures: [FailedStep]
  public let running: [ClaimedStep]
  /// Whether steps were submitted of which some wait or run, or anybody is at work.
  public let isAtWork: Bool
  /// Whether jobs of Slurm belong to the folder.
  public let isSubmitted: Bool
  /// What limits the answer, in sentences.
  public let notices: [String]

  /// - Parameters:
  ///   - run: the run folder.
  ///   - parts: the number of parts of each attack; nil for that of the submission.
  ///   - claims: lists the steps that processes are doing.
  /// - Throws: `Failure` if it is not a run folder, or if Slurm does not answer.
  public init(
    of run: URL, parts: Int? = nil, slurm: Slurm = Slurm(),
    claims: (URL) -> [ClaimedStep] = ClaimedStep.all
  ) throws {
    try self.init(of: run, parts: parts, slurm: slurm, times: StepTimes(), claims: claims)
  }

  /// - Parameter times: the times of steps that are known from an earlier look.
  init(
    of run: URL, parts: Int?, slurm: Slurm, times: StepTimes, claims: (URL) -> [ClaimedStep]
  ) throws {
    let jobs = JobFolder(of: run)
    var experiment = try jobs.storedExperiment()
    var book = try JobBook(jobs)
    // In this order: a step that ends in the meantime counts as done, and not as failed.
    let isKnown = book.jobs.isEmpty && book.attempt == nil || slurm.isInstalled
    if isKnown { try book.settle(slurm) }
    let tasks = isKnown ? try slurm.tasks(of: book.jobs.map(\.id)) : []
    let submitted = try jobs.storedExperiment(isOwn: false)
    if !tasks.isEmpty || !isKnown {
      experiment = submitted
    } else if try submitted.resolved() != experiment.resolved() {
      // The folder holds a version that was run later, of which the jobs that have ended know nothing.
      book.jobs = []
    }
    let claimed = claims(jobs.run)
    let plan = try RunPlan(experiment, folder: jobs.run, parts: parts ?? book.parts)
    try times.read(plan)
    let done = Set(plan.steps.filter(\.isDone).map(\.step.name))
    let states = JobStates(book, jobs, tasks: tasks, isDone: done.contains)
    var survey = StepSurvey(plan, states, times, claimed: claimed, isKnown: isKnown)
    survey.count()
    self.experiment = experiment.name
    folder = jobs.run.path
    stages = survey.stages
    total = survey.total
    running = claimed
    isSubmitted = !book.jobs.isEmpty
    isAtWork = !tasks.isEmpty || !claimed.isEmpty
    var logs = TaskLogs(jobs)
    failures = survey.failures.map { name, place in
      let job = states.all[place.state].job
      let end = logs.lastLine(of: job, task: place.task)
      return FailedStep(
        step: name, task: "\(job.id)_\(place.task)", log: end?.file,
        line: end?.line ?? "its task ended before it was started")
    }
    notices =
      isKnown
      ? []
      : ["Slurm is not installed here, so steps that have failed cannot be told from waiting ones"]
  }
}

/// The logs of tasks, each of which is read once.
private struct TaskLogs {
  private let folder: JobFolder
  private var known: [String: String?] = [:]

  init(_ folder: JobFolder) { self.folder = folder }

  /// The last line that says something, and the log's place from the run folder on.
  mutating func lastLine(of job: JobBook.Job, task: Int) -> (file: String, line: String)? {
    let log = folder.log(job.name, job: job.id, task: task)
    let name = "jobs/logs/" + log.lastPathComponent
    let line = known[name] ?? Self.lastLine(log)
    known[name] = line
    return line.map { (name, $0) }
  }

  private static func lastLine(_ log: URL) -> String? {
    guard let file = try? FileHandle(forReadingFrom: log), let size = try? file.seekToEnd() else {
      return nil
    }
    try? file.seek(toOffset: size - min(size, 4096))
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    // A hint is advice about the line before it.
    return lines.last { !$0.isEmpty && !$0.hasPrefix("hint:") } ?? "its log is empty"
  }
}
