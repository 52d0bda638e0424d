import Evaluation
import Foundation
import Support

/// The folder `jobs` in a run folder, which holds what `crossfire submit` gives to Slurm.
///
///     experiment.yaml     the experiment as it was submitted
///     0001-models.steps   the names of the steps of a job, one per line
///     0001-models.sh      its script
///     jobs.json           the jobs that were submitted
///     logs/               what the tasks print, <name>.<job>_<task>.log
public struct JobFolder: Sendable {
  public let run: URL
  public let url: URL

  /// - Parameter run: the run folder.
  public init(of run: URL) {
    self.run = run.absoluteURL.standardizedFileURL
    url = self.run.appending(path: "jobs")
  }

  public var experiment: URL { url.appending(path: "experiment.yaml") }
  var book: URL { url.appending(path: "jobs.json") }
  var logs: URL { url.appending(path: "logs") }
  /// The claim of the submission that is at work.
  var claim: URL { url.appending(path: ".claim") }
  func list(_ name: String) -> URL { url.appending(path: name + ".steps") }
  func script(_ name: String) -> URL { url.appending(path: name + ".sh") }

  func log(_ name: String, job: Int, task: Int) -> URL {
    logs.appending(path: "\(name).\(job)_\(task).log")
  }

  /// The log of the tasks of a job as a pattern of Slurm, in which `%` has a meaning.
  func logPattern(_ name: String) -> String {
    logs.path.replacing("%", with: "%%") + "/\(name).%A_%a.log"
  }

  /// The steps' names in the list of a job.
  func steps(in name: String) -> [String] {
    let text = (try? String(contentsOf: list(name), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// The experiment of a run folder. Its own is the last one that was run or submitted; that of the
  /// jobs is what their tasks read.
  /// - Parameter isOwn: whether to prefer that of the folder to that of the jobs.
  /// - Throws: `Failure.missing` if the folder has neither.
  public func storedExperiment(isOwn: Bool = true) throws -> Experiment {
    let own = run.appending(path: "experiment.yaml")
    for file in isOwn ? [own, experiment] : [experiment, own]
    where FileManager.default.fileExists(atPath: file.path) {
      return try Experiment(file)
    }
    throw Failure.missing(
      "\(run.path) is not a run folder: it has no experiment.yaml",
      hint: "crossfire submit EXPERIMENT --out FOLDER and crossfire run make one")
  }

  /// A number that no list or script in the folder has yet.
  func nextNumber() -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    let numbers = names.compactMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
    // A larger number is not one that a submission has given.
    return (numbers.filter { $0 < 1_000_000_000 }.max() ?? 0) + 1
  }
}
