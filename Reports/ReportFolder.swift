import Evaluation
import Foundation
import Support

/// A report on disk: `index.html`, `report.md`, and of each attack's curves `figures/<attack>.svg` with its data beside it as
/// `figures/<attack>.csv`.
public struct ReportFolder: Sendable {
  private let page: ReportPage

  public init(
    grid: Grid, title: String, sheets: [ImageSheet] = [], histories: [TrainingHistory] = [], probes: [ModelProbe] = []
  ) {
    page = ReportPage(grid: grid, title: title, sheets: sheets, histories: histories, probes: probes)
  }

  /// Writes the report, each file whole or not at all, the page last.
  /// - Returns: the page's place.
  /// - Throws: `Failure.cannotWrite`.
  @discardableResult
  public func write(to folder: URL) throws -> URL {
    let grid = page.grid
    let figures = folder.appending(path: "figures")
    for figure in grid.attacks.compactMap({ AccuracyCurves(grid: grid, attack: $0) }) {
      let name = Self.fileName(figure.attack)
      try AtomicFile.write(figure.svg(), to: figures.appending(path: name + ".svg"))
      try AtomicFile.write(figure.csv(), to: figures.appending(path: name + ".csv"))
    }
    try AtomicFile.write(MarkdownReport(grid: grid, title: page.title).text(), to: folder.appending(path: "report.md"))
    let index = folder.appending(path: "index.html")
    try AtomicFile.write(page.html(), to: index)
    return index
  }

  /// A name that is one file in this folder and no other, whatever the attack is called.
  static func fileName(_ attack: String) -> String {
    let isPlain = attack.wholeMatch(of: /[A-Za-z0-9_-][A-Za-z0-9._-]*/) != nil
    return isPlain ? attack : "attack-" + Digest.hex(of: attack).prefix(12)
  }
}
