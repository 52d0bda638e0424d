import Foundation
import Support

/// Looks at a run folder again and again. What does not change is read once, and Slurm may fail to
/// answer for some time.
public struct FolderWatch {
  private let run: URL
  private let parts: Int?
  private let slurm: Slurm
  let times = StepTimes()
  /// The number of looks since Slurm has answered.
  private var missed = 0
  /// The looks without an answer of Slurm after which the next one is an error.
  static let patience = 10

  /// - Parameters:
  ///   - run: the run folder.
  ///   - parts: the number of parts of each attack; nil for that of the submission.
  public init(_ run: URL, parts: Int? = nil, slurm: Slurm = Slurm()) {
    self.run = run
    self.parts = parts
    self.slurm = slurm
  }

  /// How far the steps are; nil if Slurm does not answer at the moment.
  /// - Throws: `Failure` if it is not a run folder, or if Slurm has not answered several times in a
  ///   row.
  public mutating func look() throws -> FolderStatus? {
    do {
      let status = try FolderStatus(
        of: run, parts: parts, slurm: slurm, times: times, claims: ClaimedStep.all)
      missed = 0
      return status
    } catch let failure as Failure where failure.kind == .failed && missed < Self.patience {
      missed += 1
      return nil
    }
  }
}
