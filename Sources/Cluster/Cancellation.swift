import Evaluation
import Foundation
import Support

/// Ends the jobs of a run folder that wait or run.
public struct Cancellation: Encodable, Sendable {
  /// A job that was ended.
  public struct Job: Encodable, Sendable {
    public let id: Int
    public let group: ClusterPlan.Group
    /// The number of its tasks that waited or ran.
    public let tasks: Int
  }

  public let jobs: [Job]

  /// - Throws: `Failure` if a submission is at work, or if Slurm does not answer.
  public init(of run: URL, slurm: Slurm = Slurm()) throws {
    let folder = JobFolder(of: run)
    guard FileManager.default.fileExists(atPath: folder.book.path) else {
      // Only a run folder is asked about its jobs.
      _ = try folder.storedExperiment()
      jobs = []
      return
    }
    // A submission that is at work would go on to submit what waits for the cancelled jobs.
    guard let claim = try Claim(folder.claim) else {
      throw Failure(
        .failed, "crossfire submit is at work in \(folder.run.path)",
        hint: "wait until it has finished, or end it")
    }
    defer { withExtendedLifetime(claim) {} }
    var book = try JobBook(folder)
    if book.attempt != nil {
      try book.settle(slurm)
      try book.write(to: folder)
    }
    let live = Dictionary(grouping: try slurm.tasks(of: book.jobs.map(\.id)), by: \.job)
    jobs = book.jobs.compactMap { job in
      live[job.id].map { Job(id: job.id, group: job.group, tasks: $0.count) }
    }
    // The last first, so that none starts because its needs have ended.
    try slurm.cancel(jobs.map(\.id).reversed())
  }
}
