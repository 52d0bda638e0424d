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

  private struct Header: Codable {
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
    guard FileManager.default.fileExists(atPath: url.path), let file = try? SafetensorsFile(url),
      let text = file.metadata["checkpoint"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.request == request, header.histories.count == networks.count,
      let tensors = try? file.tensors()
    else { return nil }
    func part(_ kind: String, _ number: Int) -> [String: Tensor] {
      let prefix = Self.prefix(kind, number)
      return tensors.reduce(into: [:]) { part, entry in
        guard entry.key.hasPrefix(prefix) else { return }
        part[String(entry.key.dropFirst(prefix.count))] = entry.value
      }
    }
    for number in networks.indices {
      try networks[number].restore(part("network", number))
      try optimizers[number].restore(part("training", number), steps: header.steps)
      try objectives[number].restore(part("objective", number))
    }
    return header.histories
  }

  /// Writes the state after an epoch.
  func write(
    _ networks: [Network], _ optimizers: [Optimizer], _ objectives: [any Objective],
    _ histories: [[EpochRecord]]
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let header = try encoder.encode(
      Header(request: request, steps: optimizers[0].steps, histories: histories))
    let tensors = networks.indices.flatMap { number -> [(name: String, tensor: Tensor)] in
      let objective = objectives[number].state.sorted { $0.key < $1.key }.map {
        (name: $0.key, tensor: $0.value.to(.cpu).contiguous)
      }
      let kinds = [
        ("network", networks[number].state()), ("training", optimizers[number].state()),
        ("objective", objective),
      ]
      return kinds.flatMap { kind, state in
        state.map { (Self.prefix(kind, number) + $0.name, $0.tensor) }
      }
    }
    try SafetensorsFile.write(
      tensors, metadata: ["checkpoint": String(decoding: header, as: UTF8.self)], to: url)
  }

  /// Removes the file, once the finished models are in their places.
  public func remove() {
    try? FileManager.default.removeItem(at: url)
  }
}
