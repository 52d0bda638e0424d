import Foundation
import Support

/// A CSV file of numbers with a header line and a column of labels.
struct TableFile {
  /// The size of the largest file that is read, in bytes.
  static let largest = 1 << 28

  /// The name of each feature, in the order of the columns.
  let features: [String]
  /// The numbers of all rows, row by row, `labels.count * features.count` in all.
  private(set) var values: [Float] = []
  /// The label of each row as it is written.
  private(set) var labels: [String] = []
  /// The group of each row as it is written; nil if the table has no column of groups.
  private(set) var groups: [String]?

  /// Reads a file.
  /// - Parameter order: the features in the order in which they are wanted; nil for that of the
  ///   file.
  /// - Throws: `Failure.badData`, with the file, the line and the column, for a column that is
  ///   missing, a field that is empty or not a number, and whatever `CSVReader` refuses.
  init(_ url: URL, _ columns: TableColumns, order: [String]? = nil) throws {
    let file = url.lastPathComponent
    var features: [String] = []
    if let size = try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize, size > Self.largest {
      throw Failure.badData(
        "\(url.path): expected at most \(Self.largest) bytes, found \(size)",
        hint: "save a larger table as arrays: numpy.savez('table.npz', images=…, labels=…)")
    }
    let rows = try CSVReader.read(url, limit: Self.largest) { header in
      features = try columns.features(of: header, file: file)
      if let order { features = try Self.reordered(features, as: order, file: file) }
    } _: { row in
      let values = try features.map { try Self.number(row, $0) }
      return (
        values: values, label: try Self.word(row, columns.label),
        group: try columns.group.map { try Self.word(row, $0) }
      )
    }
    guard !rows.isEmpty else {
      throw Failure.badData("\(url.path): expected rows below the header, found none")
    }
    self.features = features
    values.reserveCapacity(rows.count * features.count)
    for row in rows { values += row.values }
    labels = rows.map(\.label)
    groups = columns.group == nil ? nil : rows.map { $0.group! }
  }

  /// The features in the order of another file of the same table.
  private static func reordered(_ features: [String], as order: [String], file: String) throws
    -> [String]
  {
    let (own, other) = (Set(features), Set(order))
    if let missing = order.first(where: { !own.contains($0) }) {
      throw Failure.badData(
        "\(file):1: the column '\(missing)' is missing, which the table's other file has")
    }
    if let further = features.first(where: { !other.contains($0) }) {
      throw Failure.badData(
        "\(file):1: the table's other file has no column '\(further)'",
        hint: "leave it out with the option drop=\(further)")
    }
    return order
  }

  private static func number(_ row: CSVReader.Row, _ column: String) throws -> Float {
    let text = row.text(column).trimmingCharacters(in: .whitespaces)
    let isDecimal = text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    if isDecimal, let number = Float(text), number.isFinite { return number }
    guard !text.isEmpty else {
      throw withHint(row.wrong(column, "a number"), "fill in every field, or leave out the row")
    }
    if isDecimal, Float(text) != nil {
      throw row.wrong(column, "a number that a 32-bit floating-point number can hold")
    }
    throw withHint(
      row.wrong(column, "a number"), "leave a column without numbers out with drop=\(column)")
  }

  private static func word(_ row: CSVReader.Row, _ column: String) throws -> String {
    let text = row.text(column).trimmingCharacters(in: .whitespaces)
    guard !text.isEmpty else { throw row.wrong(column, "a word or a whole number") }
    return text
  }

  private static func withHint(_ failure: Failure, _ hint: String) -> Failure {
    Failure(failure.kind, failure.message, hint: hint)
  }
}
