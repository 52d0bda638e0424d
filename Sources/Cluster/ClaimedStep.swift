import Evaluation
import Foundation
import Support

/// A step that a process is doing, as its claim in the run folder says.
public struct ClaimedStep: Encodable, Sendable {
  /// The name of the step.
  public let step: String
  public let host: String
  public let process: Int
  /// The job of the scheduler, such as `12_3`; nil outside of one.
  public let job: String?
  /// How long it has been at work, in seconds.
  public let seconds: Double

  public init(step: String, host: String, process: Int, job: String? = nil, seconds: Double) {
    self.step = step
    self.host = host
    self.process = process
    self.job = job
    self.seconds = seconds
  }

  /// The steps that processes are doing in a run folder, those first that began first.
  public static func all(in run: URL) -> [ClaimedStep] {
    StepClaims(run).live.map { step, holder in
      ClaimedStep(
        step: step, host: holder.process.host, process: Int(holder.process.process),
        job: holder.job, seconds: max(0, Date().timeIntervalSince1970 - holder.since))
    }.sorted { ($1.seconds, $0.step) < ($0.seconds, $1.step) }
  }

  /// `process 7 on node3`, or `job 12_3 on node3`.
  var holder: String { (job.map { "job \($0)" } ?? "process \(process)") + " on \(host)" }
}
