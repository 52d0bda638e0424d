import Foundation

/// A reader of comma-separated values as in RFC 4180: a header line, then one row per line.
///
/// Columns are found by their names, in any order, and other columns are ignored. A value that does
/// not fit is refused with its file, line and column.
public struct CSVReader {
  /// The size of the largest file that is read, in bytes.
  public static let largestFile = 64 << 20

  /// One row, whose fields have the names of the header.
  public struct Row {
    /// The line of the file in which the row begins, counted from 1.
    public let line: Int
    let file: String
    let places: [String: Int]
    /// The fields in the order of the columns.
    public let fields: [String]

    /// Whether the file has a column.
    public func has(_ column: String) -> Bool { places[column] != nil }

    /// The text of a field, which may be empty.
    /// - Precondition: The file has the column, such as one of those that `read` was called with.
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

    /// One of the words of a type.
    public func word<Word: RawRepresentable & CaseIterable>(_ column: String, _ type: Word.Type)
      throws -> Word
    where Word.RawValue == String {
      guard let word = Word(rawValue: text(column)) else {
        throw wrong(column, "one of " + type.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return word
    }

    /// The error for a field that does not contain what was expected.
    public func wrong(_ column: String, _ expected: String) -> Failure {
      let found = text(column)
      let shown = found.count > 60 ? found.prefix(60) + "…" : found[...]
      return .badData("\(file):\(line): \(column): expected \(expected), found '\(shown)'")
    }
  }

  /// Reads the rows of a file.
  /// - Parameters:
  ///   - columns: the required columns.
  ///   - make: creates a value from each row.
  /// - Throws: `Failure.badData` if a column is missing, and what `read(_:limit:header:_:)` throws.
  public static func read<Value>(_ url: URL, columns: [String], _ make: (Row) throws -> Value)
    throws -> [Value]
  {
    try read(url) { header in
      if let missing = columns.first(where: { !header.contains($0) }) {
        throw Failure.badData(
          "\(url.lastPathComponent):1: the column '\(missing)' is missing",
          hint: "expected: " + columns.joined(separator: ","))
      }
    } _: {
      try make($0)
    }
  }

  /// Reads the rows of a file whose columns are not known in advance.
  /// - Parameters:
  ///   - limit: the size of the largest file that is read, in bytes.
  ///   - header: is called once, before the rows, with the names of the columns. It throws if they
  ///     are not those that it expects.
  ///   - make: creates a value from each row.
  /// - Throws: `Failure.missing` if the file does not exist. `Failure.badData`, with the file and
  ///   the line, if the file is too large or not UTF-8, if two columns have one name, or if a row
  ///   does not have as many fields as the header. Also the errors of `header` and `make`.
  public static func read<Value>(
    _ url: URL, limit: Int = largestFile, header: ([String]) throws -> Void,
    _ make: (Row) throws -> Value
  ) throws -> [Value] {
    let file = url.lastPathComponent
    var scanner = Scanner(bytes: [UInt8](try readFile(url, limit: limit)), file: file)
    guard let names = try scanner.next()?.fields else {
      throw Failure.badData("\(file) is empty; expected a header line")
    }
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated()
    where places.updateValue(place, forKey: name) != nil {
      throw Failure.badData("\(file):1: the column '\(name)' occurs twice")
    }
    try header(names)
    var values: [Value] = []
    while let (line, fields) = try scanner.next() {
      // A blank line has one empty field.
      if fields == [""], names.count > 1 { continue }
      guard fields.count == names.count else {
        throw Failure.badData(
          "\(file):\(line): expected \(names.count) fields, found \(fields.count)")
      }
      values.append(try make(Row(line: line, file: file, places: places, fields: fields)))
    }
    return values
  }

  /// The names of the columns of a file.
  /// - Throws: what `read(_:limit:header:_:)` throws, except that an empty file has no columns.
  public static func header(of url: URL) throws -> [String] {
    let file = url.lastPathComponent
    var scanner = Scanner(bytes: [UInt8](try readFile(url, limit: largestFile)), file: file)
    return try scanner.next()?.fields ?? []
  }

  /// Splits the bytes of a file into lines of fields.
  private struct Scanner {
    let bytes: [UInt8]
    let file: String
    var place = 0
    var line = 1

    init(bytes: [UInt8], file: String) {
      self.bytes = bytes
      self.file = file
      // The byte order mark that some spreadsheet programs write.
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
            "\(file):\(line): expected a comma or the end of the line after a quoted field")
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
