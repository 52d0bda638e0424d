import Foundation
import Support

/// Stores a model's probe as a JSON file, so that a resumed run need not repeat it. Infinite
/// numbers and NaN, which JSON lacks, are the strings `inf`, `-inf` and `nan`.
enum ProbeFile {
  private static let format = 2

  private struct Document: Codable {
    var format = ProbeFile.format
    /// The digest of everything the probe depends on.
    let request: String
    let probe: ModelProbe
  }

  static func write(_ probe: ModelProbe, request: String, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let data = try encoder.encode(Document(request: request, probe: probe))
    try AtomicFile.write(data + Data("\n".utf8), to: url)
  }

  /// Reads a stored probe.
  /// - Parameter request: the request that the probe must belong to; nil accepts any.
  /// - Returns: nil if the file is missing, cannot be decoded, or belongs to another request.
  static func read(_ url: URL, request: String? = nil) -> ModelProbe? {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? Data(contentsOf: url),
      let document = try? decoder.decode(Document.self, from: data),
      document.format == format, request.map({ $0 == document.request }) ?? true
    else { return nil }
    return document.probe
  }
}

extension ModelProbe {
  /// The probe of a model that is stored in a run folder; nil if there is none.
  public static func stored(for model: String, in folder: URL) -> ModelProbe? {
    ProbeFile.read(RunFolder.probe(model, in: folder))
  }
}
