import CCrypto
import Foundation

/// A cryptographic digest, computed by libcrypto.
public final class Digest {
  /// The hash function.
  public enum Algorithm: Sendable {
    case sha256
    case md5
  }

  private let context: OpaquePointer

  /// Starts an empty digest. Pass it bytes with `update`, and read the result once with `finish` or
  /// `hex`.
  public init(_ algorithm: Algorithm = .sha256) {
    context = EVP_MD_CTX_new()
    precondition(
      EVP_DigestInit_ex(context, algorithm == .sha256 ? EVP_sha256() : EVP_md5(), nil) == 1)
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes to the digest.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    precondition(EVP_DigestUpdate(context, base, bytes.count) == 1)
  }

  /// Ends the digest and returns its bytes. The digest must not be used afterwards.
  public func finish() -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    precondition(EVP_DigestFinal_ex(context, &out, &length) == 1)
    return Array(out.prefix(Int(length)))
  }

  /// Ends the digest and returns it in lowercase hexadecimal digits. The digest must not be used
  /// afterwards.
  public func hex() -> String { Self.hex(finish()) }

  /// The bytes of the digest of data.
  public static func bytes(of data: some ContiguousBytes, _ algorithm: Algorithm = .sha256)
    -> [UInt8]
  {
    let digest = Digest(algorithm)
    data.withUnsafeBytes { digest.update($0) }
    return digest.finish()
  }

  /// The digest of data, in lowercase hexadecimal digits.
  public static func hex(of data: some ContiguousBytes, _ algorithm: Algorithm = .sha256) -> String
  {
    hex(bytes(of: data, algorithm))
  }

  /// The digest of a text in UTF-8, in lowercase hexadecimal digits.
  public static func hex(of text: String, _ algorithm: Algorithm = .sha256) -> String {
    hex(of: Data(text.utf8), algorithm)
  }

  /// The digest of a file, in lowercase hexadecimal digits. The file is read in pieces of a
  /// megabyte.
  /// - Throws: `Failure.missing` if the file cannot be read.
  public static func hex(ofFile url: URL, _ algorithm: Algorithm = .sha256) throws -> String {
    guard let file = try? FileHandle(forReadingFrom: url) else {
      throw Failure.unreadable(url)
    }
    defer { try? file.close() }
    let digest = Digest(algorithm)
    do {
      while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
        piece.withUnsafeBytes { digest.update($0) }
      }
    } catch {
      throw Failure.unreadable(url)
    }
    return digest.hex()
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
