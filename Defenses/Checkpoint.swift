import Foundation
import ModelCore
import Support

/// A file with the state of a training after a whole epoch: the network, the optimizer, the
/// objective and the history, and the weights of the best epoch so far if they are to be kept.
public struct Checkpoint: Sendable {
  public let url: URL
  /// The digest of everything that the weights depend on. A training continues a checkpoint only if
  /// their digests are equal.
  public let request: String

  public init(_ url: URL, request: String) {
    self.url = url
    self.request = request
  }

  /// The prefix of the names of the best epoch's weights.
  private static let best = "best."
  /// The prefix of the names of the objective's state.
  private static let objective = "objective."

  private struct Header: CheckpointHeader {
    let request: String
    let steps: Int
    let history: [EpochRecord]
  }

  /// Restores the network, the optimizer and the objective from the file.
  /// - Returns: the records of the epochs that are done, and the weights of the best one; nil if
  ///   there is no valid checkpoint of this request. In that case nothing has changed.
  func restore(
    _ network: Network, _ optimizer: Optimizer, _ objective: any Objective
  ) throws -> (history: [EpochRecord], best: [String: Tensor]?)? {
    guard let file = CheckpointFile<Header>(url, request: request) else { return nil }
    let others = ["optimizer.", Self.best, Self.objective]
    let weights = file.tensors.filter { entry in !others.contains { entry.key.hasPrefix($0) } }
    let best = file.part(Self.best)
    let start = (
      network: dictionary(network.state()), optimizer: dictionary(optimizer.state()),
      steps: optimizer.steps
    )
    do {
      if !best.isEmpty { try network.restore(best) }
      try network.restore(weights)
      try optimizer.restore(file.tensors, steps: file.header.steps)
      try objective.restore(file.part(Self.objective))
    } catch {
      try network.restore(start.network)
      try optimizer.restore(start.optimizer, steps: start.steps)
      return nil
    }
    return (file.header.history.map(\.hyphenated), best.isEmpty ? nil : best)
  }

  /// Writes the state after an epoch.
  func write(
    _ network: Network, _ optimizer: Optimizer, _ objective: any Objective,
    _ history: [EpochRecord], best: [String: Tensor]? = nil
  ) throws {
    try CheckpointFile.write(
      Header(request: request, steps: optimizer.steps, history: history),
      network.state() + optimizer.state() + objective.state.stored(Self.objective)
        + (best ?? [:]).stored(Self.best), to: url)
  }

  private func dictionary(_ state: [(name: String, tensor: Tensor)]) -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor) })
  }

  /// Removes the file, once the finished model is in its place.
  public func remove() {
    try? FileManager.default.removeItem(at: url)
  }
}
