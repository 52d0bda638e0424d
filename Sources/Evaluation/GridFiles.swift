import Foundation
import Support

/// The files of a grid. docs/file-formats.md describes their columns and keys.
///
/// - `grid.csv`: a row for each cell.
/// - `overlaps.csv`: which sets of victims the same examples fooled.
/// - `comparisons.csv`: every two victims on the same examples.
/// - `worst.csv`: the accuracy under all attacks together.
/// - `leaderboard.csv`: the ranks of the models by this accuracy, if an attack has a budget above 0.
/// - `repeats.csv`: the accuracies from other seeds, if the experiment has repetitions.
/// - `groups.csv`: the accuracies by group, if the data have groups, and `group-repeats.csv`: those
///   from other seeds.
/// - `corruptions.csv`: the errors on corrupted pictures, if the experiment makes some.
/// - `certificates.csv`: the certified accuracies, if the models are certified.
/// - `reliance.csv`: how much the models rely on masked features, if the data have masks.
/// - `another.csv`: the models with other explanations, if the experiment looks for some, and
///   `another-repeats.csv`: the same from other seeds.
/// - `explanation-trust.csv`: how far the explanations of the models can be trusted, if there are any.
/// - `grid.json`: all of these, and the provenance.
extension Grid {
  static let csvHeader =
    "attack,epsilon,source,victim,setting,examples,correct,accuracy,ci_low,ci_high,"
    + "targeted_success,images,both_right,success,excluded"

  /// The cells as a table. Accuracy and interval are fractions with six decimals.
  /// `targeted_success` is empty for an untargeted attack. `success` is the fraction of the
  /// `both_right` examples that the victim misclassifies, and is empty if there are none.
  /// `excluded` is the number of images that were left out because they have the label that the
  /// attack aims at. With several judgements, the columns of `Judgements` follow.
  public func csv() -> String {
    let judged = cells.contains { $0.judgements != nil } ? Judgements.columns : []
    var table = CSV(
      header: ([Self.csvHeader] + judged.map(\.rawValue)).joined(separator: ","))
    for cell in cells {
      table.append(
        [
          cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim, cell.setting.rawValue,
          String(cell.examples), String(cell.correct),
          cell.accuracy.roundedToMillionths.plainDecimal,
          cell.interval.lowerBound.roundedToMillionths.plainDecimal,
          cell.interval.upperBound.roundedToMillionths.plainDecimal,
          cell.targetedSuccess?.roundedToMillionths.plainDecimal ?? "", String(cell.images),
          cell.clean.map { String($0.bothRight) } ?? "",
          cell.clean?.success?.roundedToMillionths.plainDecimal ?? "", String(cell.excluded),
        ] + (cell.judgements?.fields ?? judged.map { _ in "" }))
    }
    return table.text
  }

  /// The grid as JSON with sorted keys. Equal grids give equal bytes.
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
    let boards = leaderboards
    let others = [
      ("leaderboard", boards.isEmpty ? nil : boards.csv(headlineBudgets)),
      ("groups", groups?.csv()), ("group-repeats", groupRepeats?.csv()),
      ("certificates", certified?.csv()), ("corruptions", corruptionErrors?.csv()),
      ("reliance", reliance?.csv()),
      ("another", another?.csv()),
      ("another-repeats", anotherRepeats?.csv()), ("explanation-trust", explanations?.csv()),
    ]
    for case (let name, let table?) in others {
      try AtomicFile.write(table, to: folder.appending(path: name + ".csv"))
    }
    try AtomicFile.write(try json(), to: folder.appending(path: "grid.json"))
  }

  /// Reads a `grid.json`.
  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData`, with the path, for
  ///   another version of the format, for JSON that is not a grid, for counts that contradict each
  ///   other, and for a cell that occurs twice.
  public static func read(_ file: URL) throws -> Grid {
    guard let data = try? Data(contentsOf: file) else {
      throw Failure.unreadable(file)
    }
    do {
      let decoder = JSONDecoder()
      let version = try decoder.decode(GridVersion.self, from: data).format
      guard version == GridDocument.currentFormat else {
        throw Failure.badData(
          "expected format \(GridDocument.currentFormat), found format \(version)")
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
      guard seen.insert(place).inserted else { throw Failure.badData("\(cell.name) occurs twice") }
    }
  }
}

/// The part of a `grid.json` that is read first, because the rest depends on it.
private struct GridVersion: Decodable {
  let format: Int
}

/// A grid with the version of the format beside its keys.
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

/// What is wrong with a JSON file, and where.
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
