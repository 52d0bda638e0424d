import Foundation

/// Letters of 5x7 pixels with two rows below the line for descenders, for the legends of pictures.
/// They are enlarged without smoothing, as pixels are.
enum BitmapFont {
  /// The width of a letter with the space after it, and the height of a line with the space below.
  static let advance = 6
  static let line = 10

  /// The width of a text in pixels.
  static func width(_ text: String, scale: Int) -> Int { text.count * advance * scale }

  /// The five columns of a character, from the left. Bit 0 is the uppermost pixel. Characters outside
  /// of ASCII lose their accents or become a question mark.
  static func columns(_ character: Character) -> ArraySlice<UInt8> {
    let plain = String(character).folding(options: .diacriticInsensitive, locale: nil)
    let code = plain.unicodeScalars.first.map { Int($0.value) } ?? 0x3f
    let place = (0x20...0x7e).contains(code) ? code - 0x20 : 0x3f - 0x20
    return glyphs[place * 5..<(place + 1) * 5]
  }

  /// The glyphs of the characters 0x20 to 0x7e, five bytes each.
  private static let glyphs: [UInt8] = {
    let digits = text.filter(\.isHexDigit)
    return stride(from: 0, to: digits.count, by: 2).map { place in
      let start = digits.index(digits.startIndex, offsetBy: place)
      return UInt8(digits[start...digits.index(after: start)], radix: 16) ?? 0
    }
  }()

  private static let text = """
    0000000000 00005F0000 0007000700 147F147F14 242A7F2A12 2313086462 3649562050 0008070300
    001C224100 0041221C00 2A1C7F1C2A 08083E0808 0080703000 0808080808 0000606000 2010080402
    3E5149453E 00427F4000 7249494946 2141494D33 1814127F10 2745454539 3C4A494931 4121110907
    3649494936 464949291E 0000140000 0040340000 0008142241 1414141414 0041221408 0201590906
    3E415D594E 7C1211127C 7F49494936 3E41414122 7F4141413E 7F49494941 7F09090901 3E41415173
    7F0808087F 00417F4100 2040413F01 7F08142241 7F40404040 7F021C027F 7F0408107F 3E4141413E
    7F09090906 3E4151215E 7F09192946 2649494932 03017F0103 3F4040403F 1F2040201F 3F4038403F
    6314081463 0304780403 6159494D43 007F414141 0204081020 004141417F 0402010204 4040404040
    0003070800 2054547840 7F28444438 3844444428 384444287F 3854545418 00087E0902 18A4A49C78
    7F08040478 00447D4000 2040403D00 7F10284400 00417F4000 7C04780478 7C08040478 3844444438
    FC18242418 18242418FC 7C08040408 4854545424 04043F4424 3C4040207C 1C2040201C 3C4030403C
    4428102844 4C9090907C 4464544C44 0008364100 0000770000 0041360800 0201020402
    """
}

extension Canvas {
  /// Writes a line of text with its upper left corner at (x, y). What lies outside of the canvas is cut
  /// off.
  mutating func write(_ text: String, x: Int, y: Int, scale: Int, color: [UInt8] = [34, 34, 34]) {
    for (place, character) in text.enumerated() {
      for (column, bits) in BitmapFont.columns(character).enumerated() {
        for row in 0..<8 where bits & (1 << row) != 0 {
          let left = x + (place * BitmapFont.advance + column) * scale
          let top = y + row * scale
          guard left >= 0, top >= 0, left + scale <= width, top + scale <= height else { continue }
          fill(x: left, y: top, width: scale, height: scale, color: color)
        }
      }
    }
  }

  /// Breaks a text into lines of at most `width` pixels; a word that is longer is cut.
  static func lines(_ text: String, width: Int, scale: Int) -> [String] {
    let most = max(1, width / (BitmapFont.advance * scale))
    var lines: [String] = []
    for word in text.split(separator: " ") {
      let word = shortened(String(word), to: most)
      if let last = lines.last, last.count + 1 + word.count <= most {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(word)
      }
    }
    return lines
  }

  /// A text of at most `most` characters, which ends in two dots if it was cut.
  static func shortened(_ text: String, to most: Int) -> String {
    text.count <= most ? text : String(text.prefix(max(1, most - 2))) + ".."
  }
}
