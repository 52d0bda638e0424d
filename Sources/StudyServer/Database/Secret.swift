import Foundation
import Support

/// A participant's secret: 128 bits of the system's generator, told to the participant and kept
/// nowhere but as its SHA-256.
struct Secret: Equatable, Sendable {
  /// 26 letters and digits of Crockford's alphabet in lower case, which has no letter that looks
  /// like a digit.
  let text: String

  static let length = 26
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

  /// A new one.
  init() {
    var generator = SystemRandomNumberGenerator()
    text = Self.letters(generator.next(), 13) + Self.letters(generator.next(), 13)
  }

  /// One that came in; nil if it cannot be one.
  init?(_ text: String) {
    guard text.utf8.count == Self.length, text.allSatisfy(Self.alphabet.contains) else {
      return nil
    }
    self.text = text
  }

  /// What the database knows of it.
  var digest: Data { Data(Digest.bytes(of: Data(text.utf8))) }

  /// A word of eight letters to show that somebody finished: 40 bits, in two groups.
  static func completionCode() -> String {
    var generator = SystemRandomNumberGenerator()
    let code = letters(generator.next(), 8).uppercased()
    return code.prefix(4) + "-" + code.suffix(4)
  }

  /// Five bits a letter.
  private static func letters(_ bits: UInt64, _ count: Int) -> String {
    String((0..<count).map { alphabet[Int(bits >> (5 * UInt64($0)) & 31)] })
  }
}
