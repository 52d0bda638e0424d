import Foundation
import Support

/// The digest a file is known by.
public struct Checksum: Sendable, Equatable {
  /// How it is computed.
  public let algorithm: Digest.Algorithm
  /// Lowercase hexadecimal.
  public let hex: String

  /// An MD5 digest in lowercase hexadecimal.
  public static func md5(_ hex: String) -> Checksum { Checksum(algorithm: .md5, hex: hex) }
  /// A SHA-256 digest in lowercase hexadecimal.
  public static func sha256(_ hex: String) -> Checksum { Checksum(algorithm: .sha256, hex: hex) }

  /// The digest of a file, of the same kind as this one.
  /// - Throws: `Failure.missing` if the file cannot be read.
  public func ofFile(_ url: URL) throws -> Checksum {
    Checksum(algorithm: algorithm, hex: try Digest.hex(ofFile: url, algorithm))
  }

  /// The digest of bytes, of the same kind as this one.
  public func of(_ data: some ContiguousBytes) -> Checksum {
    Checksum(algorithm: algorithm, hex: Digest.hex(of: data, algorithm))
  }
}

extension Checksum: CustomStringConvertible {
  /// Such as `md5 f68b3c2dcbeaaa9fbdd348bbdeb94873`.
  public var description: String { "\(algorithm) \(hex)" }
}
