import Foundation
import TestSupport
import Testing

@testable import Evaluation
@testable import Reports

/// The report of twelve models under six attacks within ten budgets. Set `CROSSFIRE_LARGE_RUN` to the
/// path of a folder to keep the run there, for `Tests/report_page.py`.
@Suite("The report of a run with many models")
struct LargeReportTests {
  private static let run = LargeRun()

  /// What one writing of the run left, for all tests together.
  private struct Written {
    var page = ""
    var figure = ""
    /// The paths of all files below the run folder.
    var files: Set<String> = []
  }

  private static let written: Written = {
    let temporary = TemporaryFolder()
    let kept = ProcessInfo.processInfo.environment["CROSSFIRE_LARGE_RUN"]
    let folder = kept.map { URL(filePath: $0) } ?? temporary.url
    do {
      try run.grid.write(to: folder)
      let report = folder.appending(path: "report")
      let page = try ReportFolder(try run.page(), linkedTo: .run).write(to: report)
      return Written(
        page: try String(contentsOf: page, encoding: .utf8),
        figure: try String(contentsOf: report.appending(path: "figures/pgd.svg"), encoding: .utf8),
        files: Set(try FileManager.default.subpathsOfDirectory(atPath: folder.path)))
    } catch {
      Issue.record("the report cannot be written: \(error)")
      return Written()
    }
  }()

  private var page: String { Self.written.page }

  @Test("The page is smaller than 3 MB")
  func size() {
    #expect(page.utf8.count > 100_000)
    #expect(page.utf8.count < 3_000_000, "\(page.utf8.count) bytes")
  }

  @Test("The meaning and the advice of a flag are said once, and every flag has its row")
  func flags() throws {
    let flags = Self.run.grid.flags
    #expect(flags.count == 24)
    let kinds = FlagKind.all(flags)
    #expect(kinds.map(\.flags.count) == [8, 8, 8])
    for kind in kinds {
      #expect(count(escaped(kind.meaning), in: page) == 1)
      #expect(count(escaped(kind.advice), in: page) == 1)
    }
    for flag in flags { #expect(page.contains(escaped(flag.raisedBecause))) }
  }

  @Test("Every file that the page links to exists, and every file of a figure is linked to")
  func links() throws {
    let links = Set(page.matches(of: /href="([^"#][^"]*)"/).map { String($0.1) })
    for link in links {
      let path = link.hasPrefix("../") ? String(link.dropFirst(3)) : "report/" + link
      #expect(Self.written.files.contains(path), "\(link)")
    }
    let figures = Self.written.files.filter { $0.hasPrefix("report/figures/") }
    #expect(figures.count > 100)
    #expect(figures.filter { !links.contains(String($0.dropFirst(7))) } == [])
    #expect(links.contains("../grid.csv") && links.contains("../worst.csv"))
  }

  @Test("Curves and matrices show the summaries over the source models, and fold the others")
  func summaries() {
    #expect(count(">All 12 source models<", in: page) == 2 * 6)
    #expect(count("<th scope=\"row\">worst source model</th>", in: page) == 6)
    // The parts of single attacks are folded with a class, and those of the source models without.
    let inView = page.replacing(/<details>.*?<\/details>/.dotMatchesNewlines(), with: "")
    #expect(count("<details class=\"attack\">", in: page) == 2 * 5)
    #expect(count(">Own examples (white-box)</text>", in: inView) == 6)
    #expect(!inView.contains(">Source model: "))
  }

  @Test("Legends and rows list all models in one order, and shorten no name")
  func order() throws {
    let models = Self.run.models
    let lists = page.matches(of: /<ul class="legend".*?<\/ul>/.dotMatchesNewlines()).map { list in
      list.0.matches(of: /<\/svg>([^<]*)<\/li>/).map { String($0.1) }
    }
    #expect(lists.count >= 7)
    for list in lists { #expect(list == models) }
    for model in models { #expect(Self.written.figure.contains(">\(model)</text>")) }
  }

  @Test("An attack that does not project names its steps and what they reached")
  func steps() {
    #expect(page.contains("itgsm, 10 steps of 0.0392, reached ℓ∞ 0.392"))
    #expect(page.contains(">ε of each of 10 steps, reaching ℓ∞ 0.706<"))
    #expect(!page.contains("itgsm, ε"))
    #expect(page.contains(">10×0.0392<"))
    #expect(page.contains("Not in it: deepfool, whose budget is not the size of a perturbation"))
  }
}
