import Foundation
import ModelCore
import Support

/// A file with the state of a training of several networks together after a whole epoch. All
/// networks are in one file, so that they always belong to the same epoch.
public struct SimultaneousCheckpoint: Sendable {
  public let url: URL
  /// The digest of everything that the weights depend on. A training continues a checkpoint only if
  /// their digests are equal.
  public let request: String

  public init(_ url: URL, request: String) {
    self.url = url
    self.request = request
  }

  private struct Header: CheckpointHeader {
    let request: String
    let steps: Int
    let histories: [[EpochRecord]]
  }

  /// The prefix of the names of a network's tensors of a kind.
  private static func prefix(_ kind: String, _ number: Int) -> String { "\(kind).\(number)." }

  /// Restores the networks, their optimizers and their objectives from the file.
  /// - Returns: the records of the epochs that are done, for each network; nil if there is no valid
  ///   checkpoint of this request.
  /// - Throws: `Failure.badData` if the file belongs to this request and its tensors do not fit.
  func restore(
    _ networks: [Network], _ optimizers: [Optimizer], _ objectives: [any Objective]
  ) throws -> [[EpochRecord]]? {
    guard let file = CheckpointFile<Header>(url, request: request),
      file.header.histories.count == networks.count
    else { return nil }
    func part(_ kind: String, _ number: Int) -> [String: Tensor] {
      file.part(Self.prefix(kind, number))
    }
    for number in networks.indices {
      try networks[number].restore(part("network", number))
      try optimizers[number].restore(part("training", number), steps: file.header.steps)
      try objectives[number].restore(part("objective", number))
    }
    return file.header.histories
  }

  /// Writes the state after an epoch.
  func write(
    _ networks: [Network], _ optimizers: [Optimizer], _ objectives: [any Objective],
    _ histories: [[EpochRecord]]
  ) throws {
    let tensors = networks.indices.flatMap { number -> [(name: String, tensor: Tensor)] in
      let kinds = [("network", networks[number].state()), ("training", optimizers[number].state())]
      return kinds.flatMap { kind, state in
        state.map { (Self.prefix(kind, number) + $0.name, $0.tensor) }
      } + objectives[number].state.stored(Self.prefix("objective", number))
    }
    try CheckpointFile.write(
      Header(request: request, steps: optimizers[0].steps, histories: histories), tensors, to: url)
  }

  /// Removes the file, once the finished models are in their places.
  public func remove() {
    try? FileManager.default.removeItem(at: url)
  }
}
