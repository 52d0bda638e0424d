import Foundation
import ModelCore

/// What a checkpoint says about itself, as JSON beside its tensors.
protocol CheckpointHeader: Codable {
  /// The digest of everything that the weights depend on. A training continues a checkpoint only if
  /// their digests are equal.
  var request: String { get }
}

/// The file of a checkpoint: a header and tensors. The names of a part of the tensors begin with a
/// prefix.
struct CheckpointFile<Header: CheckpointHeader> {
  let header: Header
  let tensors: [String: Tensor]

  /// Reads a file; nil if there is no valid checkpoint of the request.
  init?(_ url: URL, request: String) {
    guard FileManager.default.fileExists(atPath: url.path), let file = try? SafetensorsFile(url),
      let text = file.metadata["checkpoint"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.request == request, let tensors = try? file.tensors()
    else { return nil }
    self.header = header
    self.tensors = tensors
  }

  /// The tensors whose names begin with a prefix, by their names without it.
  func part(_ prefix: String) -> [String: Tensor] {
    tensors.reduce(into: [:]) { part, entry in
      guard entry.key.hasPrefix(prefix) else { return }
      part[String(entry.key.dropFirst(prefix.count))] = entry.value
    }
  }

  static func write(_ header: Header, _ tensors: [(name: String, tensor: Tensor)], to url: URL)
    throws
  {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(header), as: UTF8.self)
    try SafetensorsFile.write(tensors, metadata: ["checkpoint": text], to: url)
  }
}

extension [String: Tensor] {
  /// The tensors in the order of their names, as checkpoints hold them, with a prefix.
  func stored(_ prefix: String) -> [(name: String, tensor: Tensor)] {
    sorted { $0.key < $1.key }.map { (prefix + $0.key, $0.value.to(.cpu).contiguous) }
  }
}
