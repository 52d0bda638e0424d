import Foundation
import Support

/// A word of a text: its bytes in UTF-8.
///
/// Words are equal if their code points are, and they are sorted by code points, as Python's strings
/// are. Swift's strings are equal already if they look alike.
struct Term: Hashable, Comparable {
  let utf8: [UInt8]

  var text: String { String(decoding: utf8, as: UTF8.self) }

  static func < (a: Term, b: Term) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}

/// How the bytes of texts stand for characters.
enum TextEncoding: String, CaseIterable, Sendable {
  case utf8 = "utf-8"
  /// ISO 8859-1: each byte is the code point of a character.
  case latin1 = "latin-1"

  /// The code points of a text.
  /// - Throws: `Failure.badData` if the bytes are not UTF-8.
  func scalars(_ bytes: Data, named file: String) throws -> [Unicode.Scalar] {
    switch self {
    case .latin1: return bytes.map { Unicode.Scalar($0) }
    case .utf8:
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure.badData(
          "\(file): expected text in UTF-8, found other bytes",
          hint: "state the option encoding=latin-1, or convert the texts")
      }
      return Array(text.unicodeScalars)
    }
  }
}

extension Term {
  /// The words of a text: the longest runs of at least two word characters. These are the matches of
  /// scikit-learn's token pattern `(?u)\b\w\w+\b`.
  static func words(_ scalars: [Unicode.Scalar]) -> [Term] {
    var words: [Term] = []
    var run: [UInt8] = []
    var length = 0
    func end() {
      if length >= 2 { words.append(Term(utf8: run)) }
      run.removeAll(keepingCapacity: true)
      length = 0
    }
    for scalar in scalars {
      if isWordCharacter(scalar) {
        run += UTF8.encode(scalar)!
        length += 1
      } else if length > 0 {
        end()
      }
    }
    end()
    return words
  }

  /// Whether `\w` of Python's regular expressions matches a character: letters, everything that has
  /// a numeric value, and the underscore.
  private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": return true
      default: return false
      }
    }
    let properties = scalar.properties
    return switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: properties.numericType != nil
    }
  }
}
