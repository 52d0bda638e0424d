import Foundation

/// A table of comma-separated values as RFC 4180 describes it: a header line, and then one row per
/// line.
///
/// Columns are found by their names, in any order, and other columns are ignored. Errors name the
/// file, the line and the column.
public struct CSVReader {
  /// The largest file that is read, in bytes.
  public static let largestFile = 64 << 20

  /// One row: its fields by the header's names.
  public struct Row {
    /// The line of the file where it begins, counted from 1.
    public let line: Int
    let file: String
    let places: [String: Int]
    let fields: [String]

    /// The text of a field, which may be empty.
    /// - Precondition: the column is one of those the reader was asked for.
    public func text(_ column: String) -> String { fields[places[column]!] }

    /// A whole number in a range; nil if the field is empty.
    public func optionalInt(_ column: String, in range: ClosedRange<Int>) throws -> Int? {
      text(column).isEmpty ? nil : try int(column, in: range)
    }

    /// A whole number in a range.
    public func int(_ column: String, in range: ClosedRange<Int>) throws -> Int {
      guard let number = Int(text(column)), range.contains(number) else {
        let bound =
          range.upperBound == .max
          ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        throw wrong(column, "a whole number \(bound)")
      }
      return number
    }

    /// A finite number of at least 0; nil if the field is empty.
    public func optionalDouble(_ column: String) throws -> Double? {
      if text(column).isEmpty { return nil }
      guard let number = Double(text(column)), number.isFinite, number >= 0 else {
        throw wrong(column, "a number of at least 0")
      }
      return number
    }

    /// One of the words of an enumeration.
    public func word<Word: RawRepresentable & CaseIterable>(_ column: String, _ type: Word.Type)
      throws -> Word
    where Word.RawValue == String {
      guard let word = Word(rawValue: text(column)) else {
        throw wrong(column, "one of " + type.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return word
    }

    /// The error for a field with a wrong value.
    public func wrong(_ column: String, _ expected: String) -> Failure {
      let found = text(column)
      let shown = found.count > 60 ? found.prefix(60) + "…" : found[...]
      return .badData("\(file):\(line): \(column): expected \(expected), found '\(shown)'")
    }
  }

  /// Reads a file's rows.
  /// - Parameters:
  ///   - columns: the columns that the file must have.
  ///   - make: converts one row.
  /// - Throws: `Failure.missing` if there is no such file; `Failure.badData`, with the file and the
  ///   line, if the file is too large, is not UTF-8 or lacks a column, or if a row has more or
  ///   fewer fields than the header; and what `make` throws.
  public static func read<Value>(_ url: URL, columns: [String], _ make: (Row) throws -> Value)
    throws -> [Value]
  {
    let data = try readFile(url, limit: largestFile)
    let file = url.lastPathComponent
    var scanner = Scanner(bytes: [UInt8](data), file: file)
    guard let header = try scanner.next() else {
      throw Failure.badData("\(file) is empty; expected a header line")
    }
    var places: [String: Int] = [:]
    for (place, name) in header.fields.enumerated()
    where places.updateValue(place, forKey: name) != nil {
      throw Failure.badData("\(file):1: the column '\(name)' occurs twice")
    }
    if let missing = columns.first(where: { places[$0] == nil }) {
      throw Failure.badData(
        "\(file):1: the column '\(missing)' is missing",
        hint: "expected: " + columns.joined(separator: ","))
    }
    var values: [Value] = []
    while let (line, fields) = try scanner.next() {
      // A blank line has one empty field.
      if fields == [""], header.fields.count > 1 { continue }
      guard fields.count == header.fields.count else {
        throw Failure.badData(
          "\(file):\(line): expected \(header.fields.count) fields, found \(fields.count)")
      }
      values.append(try make(Row(line: line, file: file, places: places, fields: fields)))
    }
    return values
  }

  /// Reads lines of fields from bytes.
  private struct Scanner {
    let bytes: [UInt8]
    let file: String
    var place = 0
    var line = 1

    init(bytes: [UInt8], file: String) {
      self.bytes = bytes
      self.file = file
      // A byte order mark, as spreadsheets write it.
      if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    mutating func next() throws -> (line: Int, fields: [String])? {
      guard place < bytes.count else { return nil }
      let start = line
      var fields: [String] = []
      while true {
        fields.append(try field())
        guard place < bytes.count, bytes[place] == UInt8(ascii: ",") else { break }
        place += 1
      }
      if place < bytes.count, bytes[place] == UInt8(ascii: "\r") { place += 1 }
      if place < bytes.count {
        guard bytes[place] == UInt8(ascii: "\n") else {
          throw Failure.badData(
            "\(file):\(line): expected a comma or the line's end after a quoted field")
        }
        place += 1
        line += 1
      }
      return (start, fields)
    }

    private mutating func field() throws -> String {
      var content: [UInt8] = []
      if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
        let opened = line
        place += 1
        while true {
          guard place < bytes.count else {
            throw Failure.badData("\(file):\(opened): a quoted field is not closed")
          }
          let byte = bytes[place]
          place += 1
          if byte == UInt8(ascii: "\"") {
            guard place < bytes.count, bytes[place] == byte else { break }
            place += 1
          }
          if byte == UInt8(ascii: "\n") { line += 1 }
          content.append(byte)
        }
      } else {
        let end =
          bytes[place...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }
          ?? bytes.count
        content = Array(bytes[place..<end])
        place = end
        if content.last == UInt8(ascii: "\r") { content.removeLast() }
      }
      guard let text = String(validating: content, as: UTF8.self) else {
        throw Failure.badData("\(file):\(line) is not UTF-8 text")
      }
      return text
    }
  }
}
