import Foundation
import ModelCore
import Support

/// The data set `mnist5k`: 5,000 MNIST images, 500 of each digit, in one gzipped table.
///
/// A row has 784 pixel values from 0 to 255 and then the label, separated by commas. The first 400
/// rows of each digit are the training set (4,000 images), the last 100 the test set (1,000
/// images). In both splits the digits alternate: image `i` is row number `i / 10` of digit `i % 10`
/// in the split. The first 10, 20, 30, … images are therefore balanced.
public enum Digits5k {
  /// The name of the table in the data set's folder.
  public static let fileName = "mnist_5k.csv.gz"

  static let shape = InputShape(channels: 1, height: 28, width: 28)
  static let classNames = (0...9).map(String.init)
  static let rowsPerClass = 500
  static let trainRowsPerClass = 400

  /// The largest table that is read, in uncompressed bytes (16 MB). The published one has 9 MB;
  /// with three digits in every field it would have 16 MB.
  static let largest = 1 << 24

  /// Reads one split from the table in a folder.
  /// - Throws: `Failure.missing` if there is no table; `Failure.badData`, with the line, if the
  ///   table is not as described above.
  public static func load(_ split: Split, from folder: URL) throws -> LabelledImages {
    let file = folder.appending(path: fileName)
    let table = try Gzip.inflate(readFile(file, limit: largest), named: file.path, limit: largest)
    return try images(split, of: table, named: file.path)
  }

  static func images(_ split: Split, of table: [UInt8], named file: String) throws -> LabelledImages
  {
    let (pixels, labels) = try parse(table, named: file)
    var rows = [[Int]](repeating: [], count: classNames.count)
    for (row, label) in labels.enumerated() { rows[Int(label)].append(row) }
    if let digit = rows.firstIndex(where: { $0.count != rowsPerClass }) {
      throw Failure.badData(
        "\(file): expected \(rowsPerClass) rows of each digit, "
          + "found \(rows[digit].count) of the digit \(digit)",
        hint: "get the file again")
    }
    let taken = split == .train ? 0..<trainRowsPerClass : trainRowsPerClass..<rowsPerClass
    let order = taken.flatMap { place in rows.map { $0[place] } }
    var ordered: [UInt8] = []
    ordered.reserveCapacity(order.count * shape.count)
    for row in order { ordered += pixels[row * shape.count..<(row + 1) * shape.count] }
    return try LabelledImages(
      name: "mnist5k:\(split.rawValue)", shape: shape, classNames: classNames, pixels: ordered,
      labels: order.map { Int64(labels[$0]) })
  }

  /// Parses the pixels and the label of every row.
  ///
  /// It works on bytes: making a string of each of four million fields would take too long.
  private static func parse(_ table: [UInt8], named file: String) throws -> (
    pixels: [UInt8], labels: [UInt8]
  ) {
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    pixels.reserveCapacity(10 * rowsPerClass * shape.count)
    try table.withUnsafeBufferPointer { bytes in
      var reader = FieldReader(bytes: bytes, file: file)
      while !reader.isAtEnd {
        for _ in 0..<shape.count { pixels.append(try reader.field(endingIn: .comma, atMost: 255)) }
        labels.append(try reader.field(endingIn: .line, atMost: 9))
      }
    }
    return (pixels, labels)
  }
}

/// Reads small decimal numbers in order. It counts lines and fields for its error messages.
private struct FieldReader {
  enum Ending { case comma, line }

  let bytes: UnsafeBufferPointer<UInt8>
  let file: String
  private var position = 0
  private var line = 1
  private var column = 1

  init(bytes: UnsafeBufferPointer<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
  }

  var isAtEnd: Bool { position == bytes.count }

  /// Reads the next number and the separator that must follow it. The last line may end without a
  /// line break.
  mutating func field(endingIn ending: Ending, atMost limit: UInt16) throws -> UInt8 {
    var value: UInt16 = 0
    let start = position
    while position < bytes.count, position - start < 3, case let digit = bytes[position] &- 0x30,
      digit < 10
    {
      value = value * 10 + UInt16(digit)
      position += 1
    }
    guard position > start, value <= limit, skip(ending) else {
      let separator = ending == .comma ? "a comma" : "the end of the line"
      throw Failure.badData(
        "\(file): line \(line), field \(column): expected a number from 0 to \(limit) "
          + "and then \(separator)",
        hint: "get the file again")
    }
    column += 1
    if ending == .line { (line, column) = (line + 1, 1) }
    return UInt8(value)
  }

  private mutating func skip(_ ending: Ending) -> Bool {
    if ending == .line && isAtEnd { return true }
    if ending == .line && position < bytes.count && bytes[position] == 0x0d { position += 1 }
    guard position < bytes.count, bytes[position] == (ending == .comma ? 0x2c : 0x0a) else {
      return false
    }
    position += 1
    return true
  }
}
