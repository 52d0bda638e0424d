import Defenses
import Evaluation
import Foundation
import HumanStudy
import Support

/// Writes a report as a folder.
///
/// - `index.html`: the page, which needs no other file. Below its figures are links to the files that
///   follow, and in a run folder to the results.
/// - `report.md`: the numbers, flags and tables as Markdown.
/// - `figures/<name>.svg`: each chart, with its data in `<name>.csv` and its Vega-Lite
///   specification in `<name>.vl.json`, and each sheet of adversarial examples as a PNG file.
///
/// ```swift
/// try ReportFolder.write(ofRun: URL(filePath: "results"))
/// ```
public struct ReportFolder: Sendable {
  private let page: ReportPage

  public init(_ page: ReportPage) {
    self.init(page, linkedTo: .figures)
  }

  /// - Parameter files: the files that the page may link to.
  init(_ page: ReportPage, linkedTo files: PageFiles) {
    self.page = page.linked(to: files)
  }

  /// Collects what a run folder contains for its report: example sets, training histories, probes,
  /// input gradients and a study's results. Examples that cannot be drawn are omitted.
  /// - Parameters:
  ///   - folder: the run folder.
  ///   - grid: its grid.
  /// - Throws: `Failure` if an example set or a study's results cannot be read.
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
        sheets: try ordered.compactMap {
          try ConfusionSheet($0, grid)?.sheet() ?? ExampleSheet($0, grid)?.sheet()
        },
        histories: histories,
        probes: grid.models.compactMap { ModelProbe.stored(for: $0, in: folder) },
        gradientSheet: try GradientSheet(
          grid.models.compactMap { GradientPictures.stored(for: $0, in: folder) })?
          .sheet(),
        decisionMaps: grid.models.compactMap { DecisionMap.stored(for: $0, in: folder) },
        study: study, explanationPictures: try Self.explanations(of: folder, grid),
        answers: try ExplainedAnswers(
          (grid.explanations ?? []).compactMap { StoredExplanations.stored(for: $0, in: folder) })
      ), linkedTo: .run)
  }

  /// The pictures of a search for other explanations; nil if there are none.
  private static func explanations(
    of folder: URL, _ grid: Grid
  ) throws -> ExplanationPictures? {
    guard let found = grid.another else { return nil }
    let maps = found.models.compactMap { ReasonMap.stored(for: $0.model, in: folder) }
    let pictures = DisagreementPictures.stored(for: found.shown, in: folder)
    return ExplanationPictures(
      map: try ReasonSheet(maps)?.sheet(),
      codes: found.place == .codes
        ? try CodePictures.stored(in: folder).flatMap { CodeSheet($0) }?.sheet() : nil,
      disagreements: try pictures.flatMap { DisagreementSheet($0) }?.sheet())
  }

  /// Writes the report, the page last. Each file is written completely or not at all.
  /// - Returns: the place of the page.
  /// - Throws: `Failure.cannotWrite`.
  @discardableResult
  public func write(to folder: URL) throws -> URL {
    let grid = page.grid
    let figures = folder.appending(path: "figures")
    for (name, figure) in page.figures { try figure.write(to: figures, name: Self.fileName(name)) }
    for (name, sheet) in page.sheetFiles {
      try AtomicFile.write(sheet.png, to: figures.appending(path: name + ".png"))
    }
    if !grid.spending.isEmpty {
      try AtomicFile.write(grid.costCSV(), to: figures.appending(path: "cost.csv"))
    }
    try AtomicFile.write(
      MarkdownReport(grid: grid, title: page.title).text(), to: folder.appending(path: "report.md"))
    let index = folder.appending(path: "index.html")
    try AtomicFile.write(page.html(), to: index)
    return index
  }

  /// A figure's name as a file name. A name with other characters than letters, digits, `.`, `_`
  /// and `-`, which could lead out of the folder, is replaced by its digest.
  static func fileName(_ attack: String) -> String {
    let isPlain = attack.wholeMatch(of: /[A-Za-z0-9_-][A-Za-z0-9._-]*/) != nil
    return isPlain ? attack : "attack-" + Digest.hex(of: attack).prefix(12)
  }
}

extension ReportPage {
  /// All figures of the page with the names of their files.
  var figures: [(name: String, figure: ChartFigure)] {
    let attacks = grid.attacks.flatMap { attack in
      [
        (attack, AccuracyCurves(grid: grid, attack: attack)?.figure),
        ("matrix-" + attack, ChartFigure(matricesOf: attack, in: grid)),
        ("overlaps-" + attack, ChartFigure(overlapsOf: attack, in: grid)),
      ]
    }
    let everyGroup = GroupCurves.everyGroup(grid)
    let others: [(String, String, [LineChart]?)] = [
      (
        "worst-case", "Worst-case accuracy",
        grid.worstCaseCurves?.panels
      ),
      ("another", "Other explanations", grid.another.flatMap { ExplanationCurves($0) }?.panels),
      ("groups", "Accuracy in the worst group", GroupCurves(grid)?.panels),
      ("every-group", "Accuracy in every group", everyGroup.isEmpty ? nil : everyGroup),
      ("certified", "Certified accuracy", CertifiedCurves(grid)?.panels),
      (
        "training", "Training of the models",
        TrainingCurves(histories, models: grid.models)?.panels
      ),
    ]
    let charts = others.map { name, title, charts in
      (name, charts.map { ChartFigure(title: title, description: title, charts: $0) })
    }
    let rest = [
      ("gradients", GradientDistributions(probes, models: grid.models)?.figure),
      ("decisions", DecisionMapFigure(decisionMaps)?.figure),
      ("study", study.flatMap { ConditionChart($0, grid)?.figure }),
    ]
    return (attacks + charts + rest).compactMap { name, figure in figure.map { (name, $0) } }
  }
}
