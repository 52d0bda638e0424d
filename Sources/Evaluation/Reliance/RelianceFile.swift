import Foundation
import Support

/// Stores how much a model relies on masked features as a JSON file, so that a continued run need not
/// measure it again.
enum RelianceFile {
  private static let format = 1

  private struct Document: Codable {
    var format = RelianceFile.format
    /// The digest of everything that the measurements depend on.
    let request: String
    /// nil if no mask marks anything.
    let reliance: MaskReliance?
  }

  static func write(_ reliance: MaskReliance?, request: String, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(Document(request: request, reliance: reliance))
    try AtomicFile.write(data + Data("\n".utf8), to: url)
  }

  /// Reads the stored measurements of a request.
  /// - Returns: nil if the file is missing, damaged, or belongs to another request. `.some(nil)` if
  ///   no mask marks anything.
  static func read(_ url: URL, request: String) -> MaskReliance?? {
    guard let data = try? Data(contentsOf: url),
      let document = try? JSONDecoder().decode(Document.self, from: data),
      document.format == format, document.request == request
    else { return nil }
    return .some(document.reliance)
  }
}
