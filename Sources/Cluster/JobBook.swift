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
    let id: Int
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

  private(set) var format = 1
  /// The number of parts of each attack.
  var parts = 1
  var jobs: [Job] = []

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
  }

  func write(to folder: JobFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: folder.book)
  }
}
