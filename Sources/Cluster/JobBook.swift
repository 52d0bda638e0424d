import Evaluation
import Foundation
import Support

/// The jobs that were submitted for a run folder, as `jobs/jobs.json` holds them.
///
/// Jobs whose steps are all done, or belong to later jobs, are dropped with the next submission.
struct JobBook: Codable, Sendable {
  /// A job array.
  struct Job: Codable, Sendable {
    /// The number that Slurm gave it.
    var id: Int
    /// The name of its list, script and logs, such as `0001-models`.
    let name: String
    let group: ClusterPlan.Group
    /// The number of its steps and of its tasks. Task i of T does the steps i, i + T, … of its list.
    let steps: Int
    let tasks: Int
    /// The jobs or tasks that must have succeeded before it starts, such as `12` or `12_3`.
    let needs: [String]
    /// When it was submitted, as in ISO 8601.
    let submitted: String
  }

  /// A call of `sbatch`, which is stored before it is made. If this process ends before the number of
  /// the job is stored, or `sbatch` does not say it, the job is found by its mark.
  struct Attempt: Codable, Sendable {
    /// A word that no other job has, which is an argument of the script.
    var mark = UUID().uuidString
    /// The job, whose number is 0 because it is not known.
    let job: Job
  }

  private(set) var format = 1
  /// The number of parts of each attack.
  var parts = 1
  var jobs: [Job] = []
  /// The call of `sbatch` whose outcome is not known.
  var attempt: Attempt?

  init() {}

  /// Reads the jobs of a run folder; none if nothing was submitted.
  /// - Throws: `Failure.badData` if the file is not a list of jobs.
  init(_ folder: JobFolder) throws {
    guard FileManager.default.fileExists(atPath: folder.book.path) else { return }
    do {
      self = try JSONDecoder().decode(JobBook.self, from: Data(contentsOf: folder.book))
    } catch {
      throw Failure.badData(
        "\(folder.book.path) is not a list of jobs",
        hint: "if none of its jobs waits or runs any more (squeue --me), remove the file")
    }
    guard format == 1 else {
      throw Failure.badData(
        "\(folder.book.path): expected format 1, found \(format)",
        hint: "use the version of Crossfire that submitted the jobs")
    }
    let isSound =
      (1...AttackPart.most).contains(parts) && jobs.allSatisfy { $0.id > 0 && $0.isSound }
      && attempt?.job.isSound != false
    guard isSound else {
      throw Failure.badData(
        "\(folder.book.path): expected 1 to \(AttackPart.most) parts and jobs with positive numbers",
        hint: "if none of its jobs waits or runs any more (squeue --me), remove the file")
    }
  }

  /// Asks Slurm about a call of `sbatch` whose outcome is not known. If Slurm has the job, it joins
  /// the others. If not, `sbatch` was refused or the job has ended, and nothing is left to remember.
  mutating func settle(_ slurm: Slurm) throws {
    guard let attempt else { return }
    if let id = try slurm.job(marked: attempt.mark), !jobs.contains(where: { $0.id == id }) {
      var job = attempt.job
      job.id = id
      jobs.append(job)
    }
    self.attempt = nil
  }

  func write(to folder: JobFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: folder.book)
  }
}

extension JobBook.Job {
  /// Whether its numbers are possible, and its name is that of a file.
  fileprivate var isSound: Bool {
    steps >= 1 && tasks >= 1 && tasks <= steps && !name.isEmpty && !name.contains("/")
  }
}
