import Foundation

/// A table for terminals. The first columns are left-aligned, the others are right-aligned.
struct TextTable {
  let header: [String]
  /// The number of left-aligned columns.
  let leading: Int
  private(set) var rows: [[String]] = []

  init(_ header: [String], leading: Int = 1) {
    self.header = header
    self.leading = leading
  }

  mutating func add(_ row: [String]) {
    rows.append(row)
  }

  var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let lines = all.map { row in
      let cells = row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column < leading ? row[column] + space : space + row[column]
      }
      return cells.joined(separator: "  ").trimmingSuffix(" ")
    }
    return lines.joined(separator: "\n")
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }

  /// The text followed by spaces up to `width` characters.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

extension Double {
  /// A fraction as a percentage with two decimals: 0.9743 becomes "97.43 %".
  var percent: String {
    let hundredths = Int((self * 10_000).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %"
  }

  /// The number with two significant digits, without an exponent: 162.3 becomes "160".
  var twoDigits: String {
    guard isFinite, self > 0 else { return plainDecimal }
    let digits = Int((1 - Foundation.log10(self)).rounded(.up))
    guard digits < 0 || self >= 9.5 else { return String(format: "%.\(digits)f", self) }
    let unit = pow(10, Double(-digits))
    return "\(Int((self / unit).rounded() * unit))"
  }
}
