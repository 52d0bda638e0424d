import Foundation
import Support

/// The secret of a participant's link: 128 random bits from the system's generator.
///
/// Only its SHA-256 is stored.
struct Secret: Equatable, Sendable {
  /// 26 letters and digits of Crockford's base 32 in lower case, which has no letters that look
  /// like digits.
  let text: String

  static let length = 26
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

  /// Draws a new secret.
  init() {
    var generator = SystemRandomNumberGenerator()
    text = Self.letters(generator.next(), 13) + Self.letters(generator.next(), 13)
  }

  /// Reads a secret; nil if the text does not have its form.
  init?(_ text: String) {
    guard text.utf8.count == Self.length, text.allSatisfy(Self.alphabet.contains) else {
      return nil
    }
    self.text = text
  }

  /// The SHA-256 of the secret, which the database stores.
  var digest: Data { Data(Digest.bytes(of: Data(text.utf8))) }

  /// Draws a completion code, by which a participant shows that they have finished: 40 random bits
  /// as eight letters in two groups.
  static func completionCode() -> String {
    var generator = SystemRandomNumberGenerator()
    let code = letters(generator.next(), 8).uppercased()
    return code.prefix(4) + "-" + code.suffix(4)
  }

  /// Letters of the alphabet, each from the next five bits.
  private static func letters(_ bits: UInt64, _ count: Int) -> String {
    String((0..<count).map { alphabet[Int(bits >> (5 * UInt64($0)) & 31)] })
  }
}
