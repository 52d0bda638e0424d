import Evaluation

/// The transfer matrix of one attack within one budget, in percent.
///
/// It has a row for each source model, on which the examples were made, and a column for each
/// victim, to which they were shown. A row above them shows each victim's accuracy on clean images.
///
/// ```swift
/// let grid = try Grid.read(URL(filePath: "results/grid.json"))
/// print(GridTable(grid: grid, attack: "fgsm", epsilon: 0.2).text())
/// ```
public struct GridTable {
  public let attack: String
  public let epsilon: Double
  /// The attack and the budget: "fgsm, ε = 0.4".
  public let title: String
  let sources: [String]
  let victims: [String]
  let grid: Grid
  /// The cells by source and victim, and the clean results by victim.
  private let places: [[String]: GridCell]
  private let cleanCells: [String: GridCell]

  public init(grid: Grid, attack: String, epsilon: Double) {
    let here = grid.cells.filter { $0.attack == attack && $0.epsilon == epsilon }
    self.grid = grid
    self.attack = attack
    self.epsilon = epsilon
    title = grid.heading(attack, epsilon)
    sources = grid.sources.filter { source in here.contains { $0.source == source } }
    let victims = grid.victims.filter { victim in here.contains { $0.victim == victim } }
    self.victims = victims
    places = Dictionary(here.map { ([$0.source, $0.victim], $0) }) { first, _ in first }
    cleanCells =
      epsilon == 0
      ? [:]
      : Dictionary(
        uniqueKeysWithValues: victims.compactMap { victim in
          grid.cleanCell(victim: victim, attack: attack).map { (victim, $0) }
        })
  }

  func cell(_ source: String, _ victim: String) -> GridCell? {
    places[[source, victim]]
  }

  /// A victim's result on clean images. Nil if it was not measured, and in the table of budget 0.
  func clean(_ victim: String) -> GridCell? { cleanCells[victim] }

  var hasCleanRow: Bool { victims.contains { clean($0) != nil } }

  private var cells: [GridCell] {
    sources.flatMap { source in victims.compactMap { cell(source, $0) } }
  }

  func flags(of cell: GridCell) -> [TrustFlag] { grid.flags(of: cell) }

  var hasFlags: Bool { cells.contains { !flags(of: $0).isEmpty } }

  /// Whether the attack aims at target classes.
  var hasAim: Bool { cells.contains { $0.targetedHits != nil } }

  /// Whether a cell counts the examples of images that both models classify correctly without an
  /// attack.
  var hasSuccess: Bool { cells.contains { $0.clean?.success != nil } }

  /// The number of examples and the widest interval:
  /// "256 examples each, 95% intervals within ±6.2 points".
  var precision: String {
    let least = cells.map(\.examples).min() ?? 0
    let most = cells.map(\.examples).max() ?? 0
    let widest =
      cells.map { max($0.accuracy - $0.interval.lowerBound, $0.interval.upperBound - $0.accuracy) }
      .max() ?? 0
    let examples =
      least == most ? counted(most, "example") + " each" : "\(least) to \(most) examples each"
    return "\(examples), 95% intervals within ±\(percent(widest)) points"
  }

  // MARK: As text

  /// The table for a terminal, with white-box cells in brackets. Columns that do not fit into
  /// `width` letters continue in a second table below.
  public func text(width: Int = 80) -> String {
    let rowWidth = (sources + [Self.cleanName, Self.corner]).map(\.count).max() ?? 0
    let columnWidths = victims.map { max($0.count, 7) + 2 }
    var blocks: [[Int]] = [[]]
    var used = rowWidth
    for (column, needed) in columnWidths.enumerated() {
      if used + needed > width, !blocks[blocks.count - 1].isEmpty {
        blocks.append([])
        used = rowWidth
      }
      blocks[blocks.count - 1].append(column)
      used += needed
    }
    func line(_ name: String, _ columns: [Int], _ field: (Int) -> String) -> String {
      let fields = columns.map { padded(field($0), to: columnWidths[$0], isLeading: true) }
      let line = padded(name, to: rowWidth, isLeading: false) + fields.joined()
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    let tables = blocks.map { columns in
      var table = line(Self.corner, columns) { victims[$0] + " " }
      if hasCleanRow {
        table += line(Self.cleanName, columns) {
          clean(victims[$0]).map { percent($0.accuracy) + " " } ?? "- "
        }
      }
      for source in sources {
        table += line(source, columns) { column in
          guard let cell = cell(source, victims[column]) else { return "- " }
          return cell.setting == .whiteBox
            ? "[\(percent(cell.accuracy))]" : percent(cell.accuracy) + " "
        }
      }
      return table
    }
    return "Accuracy in % under \(title)\n"
      + "rows: source models, columns: target models, [ ]: white-box\n\n"
      + tables.joined(separator: "\n") + "\n\(precision)\n"
  }

  private static let corner = "source"
  static let cleanName = "(clean)"

  private func padded(_ text: String, to width: Int, isLeading: Bool) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return isLeading ? space + text : text + space
  }

  /// The table in Markdown, with white-box cells in bold.
  public func markdown() -> String {
    var lines = [
      ["source \\ target"] + victims.map(markdownEscaped), ["---"] + victims.map { _ in "---:" },
    ]
    if hasCleanRow {
      lines.append(
        ["*clean images*"] + victims.map { clean($0).map { percent($0.accuracy) } ?? "–" })
    }
    for source in sources {
      let fields = victims.map { victim -> String in
        guard let cell = cell(source, victim) else { return "–" }
        let value = "\(percent(cell.accuracy)) (\(percent(cell.interval)))"
        return cell.setting == .whiteBox ? "**\(value)**" : value
      }
      lines.append([markdownEscaped(source)] + fields)
    }
    return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}

/// The text with Markdown's special characters escaped, on one line.
func markdownEscaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.properties.generalCategory == .control {
      result += " "
    } else {
      if "\\`*_[]<>|#~&!".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
