/// Comma-separated values as RFC 4180 describes them, with lines ended by a line feed alone, as
/// Unix tools expect.
public struct CSV {
  public private(set) var text = ""

  /// Starts a table with its header line.
  public init(header: String) {
    text = header + "\n"
  }

  /// Appends a line.
  public mutating func append(_ fields: [String]) {
    text += fields.map(Self.field).joined(separator: ",") + "\n"
  }

  /// The field, in quotes if it needs them.
  static func field(_ value: String) -> String {
    // Unicode scalars are compared, because CR LF is a single `Character`, equal to neither CR nor
    // LF.
    let needsQuotes = value.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
    guard needsQuotes else { return value }
    return "\"" + value.replacing("\"", with: "\"\"") + "\""
  }
}

extension Double {
  /// The shortest decimal that reads back as the same number, without an exponent and without a
  /// trailing ".0": 0, 0.1, 0.00001, 8.
  public var plainDecimal: String {
    let shortest = description
    guard isFinite else { return shortest }
    let parts = shortest.split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else {
      return shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest
    }
    let sign = parts[0].hasPrefix("-") ? "-" : ""
    let mantissa = parts[0].drop { $0 == "-" }.split(separator: ".")
    let fraction = mantissa.count == 2 && mantissa[1] != "0" ? mantissa[1] : ""
    let digits = mantissa[0] + fraction
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    return sign + digits + String(repeating: "0", count: Swift.max(0, exponent - fraction.count))
  }

  /// The number to six decimals. Fractions of the numbers of examples that occur here differ by
  /// more.
  public var roundedToMillionths: Double { (self * 1_000_000).rounded() / 1_000_000 }
}
