import Foundation
import Support

/// A grid as `grid.csv`, one line per cell; as `overlaps.csv`, whom examples fooled together; as
/// `comparisons.csv`, every two victims on the same examples; as `worst.csv`, what is left under
/// everything; as `repeats.csv`, what other seeds give; and as `grid.json`, with everything that is
/// known about it.
extension Grid {
  static let csvHeader =
    "attack,epsilon,source,victim,setting,examples,correct,accuracy,ci_low,ci_high,targeted_success,images,both_right,success"

  /// The cells as a table; accuracy and interval are fractions to six decimals, `targeted_success`
  /// is empty for an attack without an aim; `success` is the fraction of the `both_right` that the
  /// victim gets wrong.
  public func csv() -> String {
    var table = CSV(header: Self.csvHeader)
    for cell in cells {
      table.append([
        cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim, cell.setting.rawValue,
        String(cell.examples), String(cell.correct), cell.accuracy.roundedToMillionths.plainDecimal,
        cell.interval.lowerBound.roundedToMillionths.plainDecimal,
        cell.interval.upperBound.roundedToMillionths.plainDecimal,
        cell.targetedSuccess?.roundedToMillionths.plainDecimal ?? "", String(cell.images),
        cell.clean.map { String($0.bothRight) } ?? "",
        cell.clean?.success?.roundedToMillionths.plainDecimal ?? "",
      ])
    }
    return table.text
  }

  /// The grid as JSON with sorted keys, so that the same grid is the same bytes.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(GridDocument(format: GridDocument.currentFormat, grid: self))
      + Data("\n".utf8)
  }

  /// Writes these files into a folder.
  /// - Throws: `Failure.cannotWrite`.
  public func write(to folder: URL) throws {
    try AtomicFile.write(csv(), to: folder.appending(path: "grid.csv"))
    try AtomicFile.write(overlaps.csv(), to: folder.appending(path: "overlaps.csv"))
    try AtomicFile.write(overlaps.comparisonsCSV(), to: folder.appending(path: "comparisons.csv"))
    try AtomicFile.write(worstCases.csv(), to: folder.appending(path: "worst.csv"))
    if !repeats.isEmpty {
      try AtomicFile.write(repeats.csv(), to: folder.appending(path: "repeats.csv"))
    }
    try AtomicFile.write(try json(), to: folder.appending(path: "grid.json"))
  }

  /// Reads a `grid.json`.
  /// - Throws: `Failure.missing` if there is none; `Failure.badData`, naming the file, for another
  ///   format version, for content of another shape, for counts that contradict each other and for
  ///   a cell that is there twice.
  public static func read(_ file: URL) throws -> Grid {
    guard let data = try? Data(contentsOf: file) else {
      throw Failure.missing("cannot read \(file.path)")
    }
    do {
      let decoder = JSONDecoder()
      let version = try decoder.decode(GridVersion.self, from: data).format
      guard version == GridDocument.currentFormat else {
        throw Failure.badData("format \(version), expected \(GridDocument.currentFormat)")
      }
      let grid = try decoder.decode(Grid.self, from: data)
      try grid.refuseRepeatedCells()
      return grid
    } catch let failure as Failure {
      throw Failure(failure.kind, "\(file.path): \(failure.message)", hint: failure.hint)
    } catch {
      throw Failure.badData("\(file.path): not a grid: \(reason(of: error))")
    }
  }

  private func refuseRepeatedCells() throws {
    var seen: Set<[String]> = []
    for cell in cells {
      let place = [cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim]
      guard seen.insert(place).inserted else { throw Failure.badData("\(cell.name): there twice") }
    }
  }
}

/// The part of a `grid.json` that is read before the rest is understood.
private struct GridVersion: Decodable {
  let format: Int
}

/// A grid and its format's version, side by side at the top of the file.
private struct GridDocument: Encodable {
  static let currentFormat = 5

  let format: Int
  let grid: Grid

  private enum Key: CodingKey { case format }

  func encode(to encoder: any Encoder) throws {
    try grid.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(format, forKey: .format)
  }
}

/// What a JSON decoder has to say, with the place it says it about.
private func reason(of error: any Error) -> String {
  func place(_ path: [any CodingKey]) -> String {
    path.isEmpty
      ? "the file"
      : path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
  }
  switch error as? DecodingError {
  case .keyNotFound(let key, let context):
    return "\(place(context.codingPath)) has no '\(key.stringValue)'"
  case .typeMismatch(_, let context), .valueNotFound(_, let context):
    return "\(place(context.codingPath)): \(context.debugDescription)"
  case .dataCorrupted(let context):
    return "\(place(context.codingPath)): \(context.debugDescription)"
  default: return "\(error)"
  }
}
