import Foundation
import ModelCore
import Support

/// A training's state after a whole epoch, as a file: network, optimizer, history, and the weights
/// of the best epoch so far where those are to be kept.
public struct Checkpoint: Sendable {
  public let url: URL
  /// The digest of everything the weights depend on. A file made for another request is not
  /// continued.
  public let request: String

  public init(_ url: URL, request: String) {
    self.url = url
    self.request = request
  }

  /// What the names of the best epoch's weights begin with.
  private static let best = "best."

  private struct Header: Codable {
    let request: String
    let steps: Int
    let history: [EpochRecord]
  }

  /// Puts the last checkpoint's state into the network and the optimizer.
  /// - Returns: the epochs it has behind it and the best one's weights; nil if there is no sound
  ///   checkpoint of this request.
  func restore(
    _ network: Network, _ optimizer: Optimizer
  ) throws -> (history: [EpochRecord], best: [String: Tensor]?)? {
    guard FileManager.default.fileExists(atPath: url.path), let file = try? SafetensorsFile(url),
      let text = file.metadata["checkpoint"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.request == request,
      let tensors = try? file.tensors()
    else { return nil }
    let start = Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
    let best = tensors.filter { $0.key.hasPrefix(Self.best) }.map {
      ($0.key.dropFirst(Self.best.count), $0.value)
    }
    let kept = best.isEmpty ? nil : Dictionary(uniqueKeysWithValues: best.map { (String($0), $1) })
    do {
      if let kept { try network.restore(kept) }
      try network.restore(
        tensors.filter { !$0.key.hasPrefix("optimizer.") && !$0.key.hasPrefix(Self.best) })
      try optimizer.restore(tensors, steps: header.steps)
    } catch {
      try network.restore(start)
      return nil
    }
    return (header.history, kept)
  }

  func write(
    _ network: Network, _ optimizer: Optimizer, _ history: [EpochRecord],
    best: [String: Tensor]? = nil
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let header = try encoder.encode(
      Header(request: request, steps: optimizer.steps, history: history))
    let metadata = ["checkpoint": String(decoding: header, as: UTF8.self)]
    let kept = (best ?? [:]).sorted { $0.key < $1.key }.map {
      (name: Self.best + $0.key, tensor: $0.value)
    }
    try SafetensorsFile.write(
      network.state() + optimizer.state() + kept, metadata: metadata, to: url)
  }

  /// Removes the file once the finished model is in its place.
  public func remove() {
    try? FileManager.default.removeItem(at: url)
  }
}
