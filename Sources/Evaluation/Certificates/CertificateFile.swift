import Certificates
import Foundation
import Support

/// Stores what a certificate says about a model as a JSON file, so that a continued run need not
/// compute it again.
enum CertificateFile {
  private static let format = 1

  private struct Document: Codable {
    var format = CertificateFile.format
    /// The digest of everything that the certificates depend on.
    let request: String
    let certified: CertifiedModel
  }

  static func write(_ certified: CertifiedModel, request: String, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(Document(request: request, certified: certified))
    try AtomicFile.write(data + Data("\n".utf8), to: url)
  }

  private struct Beginning: Codable {
    var format = CertificateFile.format
    let request: String
    let images: [CertifiedImage]
  }

  /// The file with the certificates of the first images of a request that is not finished.
  private static func beginning(_ url: URL) -> URL { url.appendingPathExtension("part") }

  /// Stores the certificates of the first images, so that an interrupted request continues.
  static func write(beginning images: [CertifiedImage], request: String, to url: URL) throws {
    let data = try JSONEncoder().encode(Beginning(request: request, images: images))
    try AtomicFile.write(data, to: beginning(url))
  }

  /// The certificates of the first images that an interrupted request stored; empty if there are
  /// none.
  static func readBeginning(_ url: URL, request: String) -> [CertifiedImage] {
    guard let data = try? Data(contentsOf: beginning(url)),
      let document = try? JSONDecoder().decode(Beginning.self, from: data),
      document.format == format, document.request == request
    else { return [] }
    return document.images
  }

  /// Removes what an interrupted request stored.
  static func removeBeginning(_ url: URL) {
    try? FileManager.default.removeItem(at: beginning(url))
  }

  /// Reads the stored certificates of a request.
  /// - Returns: nil if the file is missing, damaged, or belongs to another request.
  static func read(_ url: URL, request: String) -> CertifiedModel? {
    guard let data = try? Data(contentsOf: url),
      let document = try? JSONDecoder().decode(Document.self, from: data),
      document.format == format, document.request == request,
      document.certified.labels.count == document.certified.images.count
    else { return nil }
    return document.certified
  }
}
