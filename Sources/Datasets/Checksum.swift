import Foundation
import Support

/// The digest by which a file is recognised.
public struct Checksum: Sendable, Equatable {
  /// The hash function.
  public let algorithm: Digest.Algorithm
  /// The digest in lowercase hexadecimal.
  public let hex: String

  /// An MD5 digest in lowercase hexadecimal.
  public static func md5(_ hex: String) -> Checksum { Checksum(algorithm: .md5, hex: hex) }
  /// A SHA-256 digest in lowercase hexadecimal.
  public static func sha256(_ hex: String) -> Checksum { Checksum(algorithm: .sha256, hex: hex) }

  /// Computes the digest of a file with the same hash function.
  /// - Throws: `Failure.missing` if the file cannot be read.
  public func ofFile(_ url: URL) throws -> Checksum {
    Checksum(algorithm: algorithm, hex: try Digest.hex(ofFile: url, algorithm))
  }

  /// Computes the digest of bytes with the same hash function.
  public func of(_ data: some ContiguousBytes) -> Checksum {
    Checksum(algorithm: algorithm, hex: Digest.hex(of: data, algorithm))
  }
}

extension Checksum: CustomStringConvertible {
  /// The hash function and the digest, such as `md5 f68b3c2dcbeaaa9fbdd348bbdeb94873`.
  public var description: String { "\(algorithm) \(hex)" }
}
