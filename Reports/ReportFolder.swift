import Defenses
import Evaluation
import Foundation
import HumanStudy
import Support

/// A report on disk: `index.html`, `report.md`, and each chart as `figures/<name>.svg` with its
/// data beside it as `<name>.csv` and its specification as `<name>.vl.json`.
public struct ReportFolder: Sendable {
  private let page: ReportPage

  public init(_ page: ReportPage) {
    self.page = page
  }

  /// The report of what a run's folder holds.
  /// - Throws: `Failure` if an example set or a study's results in it cannot be read.
  public init(of folder: URL, _ grid: Grid) throws {
    let sets = try RunFolder.exampleSets(in: folder).map { try ExampleSet($0) }
    let ordered = grid.attacks.flatMap { attack in
      grid.sources.flatMap { source in
        sets.filter { $0.origin.attack == attack && $0.origin.source == source }
      }
    }
    let histories = grid.models.compactMap { model in
      let file = ModelTraining.history(of: RunFolder.model(model, in: folder))
      return (try? [EpochRecord](jsonLines: file)).map { TrainingHistory(model: model, epochs: $0) }
    }
    let results = StudyFolder(folder.appending(path: "study")).results
    let study =
      FileManager.default.fileExists(atPath: results.path) ? try StudyResults.read(results) : nil
    self.init(
      ReportPage(
        grid: grid, title: grid.provenance.experiment,
        sheets: try ordered.map { try ConfusionSheet($0)?.sheet() ?? ExampleSheet($0).sheet() },
        histories: histories,
        probes: grid.models.compactMap { ModelProbe.stored(for: $0, in: folder) },
        gradientSheet: try GradientSheet(
          grid.models.compactMap { GradientPictures.stored(for: $0, in: folder) })?
          .sheet(), study: study))
  }

  /// Writes the report, each file whole or not at all, the page last.
  /// - Returns: the page's place.
  /// - Throws: `Failure.cannotWrite`.
  @discardableResult
  public func write(to folder: URL) throws -> URL {
    let grid = page.grid
    let figures = folder.appending(path: "figures")
    for (name, figure) in page.figures { try figure.write(to: figures, name: Self.fileName(name)) }
    try AtomicFile.write(
      MarkdownReport(grid: grid, title: page.title).text(), to: folder.appending(path: "report.md"))
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

extension ReportPage {
  /// All charts of the page, by the names of their files.
  var figures: [(name: String, figure: ChartFigure)] {
    let attacks = grid.attacks.flatMap { attack in
      [
        (attack, AccuracyCurves(grid: grid, attack: attack)?.figure),
        ("matrix-" + attack, ChartFigure(matricesOf: attack, in: grid)),
        ("overlaps-" + attack, ChartFigure(overlapsOf: attack, in: grid)),
      ]
    }
    let others: [(String, String, [LineChart]?)] = [
      (
        "worst-case", "What is left under everything tried",
        WorstCaseCurves(grid.worstCases, models: grid.models)?.panels
      ),
      (
        "gradients", "Gradients and certainty",
        GradientDistributions(probes, models: grid.models)?.panels
      ),
      (
        "training", "How the models learned", TrainingCurves(histories, models: grid.models)?.panels
      ),
    ]
    let charts = others.map { name, title, charts in
      (name, charts.map { ChartFigure(title: title, description: title, charts: $0) })
    }
    return (attacks + charts).compactMap { name, figure in figure.map { (name, $0) } }
  }
}
