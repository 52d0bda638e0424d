import ArgumentParser
import Evaluation
import Foundation
import HumanStudy
import Reports
import Support

struct StudyScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Score the answers of a study.",
    discussion: """
      Reads answers.csv and key.csv, and writes results.json, results.csv,
      comparisons.csv, results.md and model-vs-human/. If the study is the folder
      'study' of a run folder, the run's report is also written again, with a section
      on the study.

      EXAMPLES
        crossfire study score results/study
        crossfire study score results/study --json
      """)

  @Argument(help: ArgumentHelp("The study's folder.", valueName: "dir"))
  var folder: String

  @Option(help: ArgumentHelp("The number of samples that the bootstrap draws.", valueName: "n"))
  var draws = Number(2000)

  @OptionGroup var output: OutputOptions

  func run() throws {
    let draws = try draws.whole("--draws", in: 100...1_000_000)
    let folder = StudyFolder(URL(filePath: self.folder))
    let score = try StudyScore(folder, draws: draws, progress: output.progress)
    let results = score.results()
    try score.write(results, to: folder)
    let run = folder.url.standardizedFileURL.deletingLastPathComponent()
    var page: URL?
    if folder.url.lastPathComponent == "study",
      let grid = try? Grid.read(run.appending(path: "grid.json"))
    {
      page = try ReportFolder.write(ofRun: run, grid)
    }
    try output.show(results, results.text + (page.map { "\n\nreport: \($0.path)" } ?? ""))
  }
}

extension StudyResults {
  /// The shares of each condition and the tests, as text for a terminal.
  var text: String {
    var shares = TextTable(["condition", "answers", "fooled %", "95 %", "reasonable %", "95 % "])
    for result in conditions {
      shares.add([
        result.condition.name, "\(result.fooled.of)", Self.percent(result.fooled.share),
        Self.range(result.fooled.bootstrap ?? result.fooled.wilson),
        Self.percent(result.reasonable.share),
        Self.range(result.reasonable.bootstrap ?? result.reasonable.wilson),
      ])
    }
    var tests = TextTable([
      "human fooled, difference", "percentage points", "95 %", "p, mixed model", "p, bootstrap",
      "p, Fisher",
    ])
    for comparison in comparisons where comparison.measure == "fooled" {
      tests.add([
        "\(comparison.second.name) − \(comparison.first.name)", Self.percent(comparison.difference),
        Self.range(comparison.bootstrap), comparison.mixedP.map(Self.p) ?? "–",
        comparison.bootstrapP.map(Self.p) ?? "–", Self.p(comparison.fisherP),
      ])
    }
    let compared = comparisons.isEmpty ? "" : "\n\n" + tests.text
    let notes = comparisonNotes("fooled").map { "\n" + $0 }.joined()
    return summary + "\n\n" + shares.text
      + "\n(95 %: the bootstrap interval over participants and images, or Wilson's interval where\n"
      + "there is none. Further results are in results.md.)" + compared
      + (notes.isEmpty ? "" : "\n" + notes)
  }
}
