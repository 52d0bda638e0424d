import Evaluation
import Foundation
import Reports
import Support
import TestSupport
import Testing

@Suite("An experiment that the library runs to its end")
struct FinishedRunTests {
  /// An experiment of one small network. Bisection finds perturbations that only just fool it, so
  /// that rounding to 8 bits undoes many of them.
  private func experiment(_ folder: TemporaryFolder, _ more: String = "") throws -> Experiment {
    let text = """
      name: tiny
      seed: 3
      data: { name: synthetic, train: 600, test: 100 }
      models: { a: { architecture: small, epochs: 3 } }
      attacks:
        fgsm: { epsilons: [0, 0.1] }
        bisection: { of: fgsm, precision: 0, epsilons: [1] }
      images: { attacks: [bisection], count: 100 }
      \(more)
      """
    return try Experiment(.yaml(text, file: "tiny.yaml", folder: folder.url))
  }

  private func exists(_ place: URL) -> Bool { FileManager.default.fileExists(atPath: place.path) }

  @Test("It returns the grid that it wrote, with the flags of the exported pictures")
  func whole() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    let run = try #require(try experiment(folder).run(in: RunFolder(out)))
    #expect(try Grid.read(out.appending(path: "grid.json")) == run.grid)
    let lost = run.grid.flags.filter { $0.name == "examples lost as 8-bit pictures" }
    #expect(lost.map(\.attack) == ["bisection"])
    #expect(run.pictures?.pictures == 100 && run.study == nil)
    #expect(run.summary.contains("⚑ examples lost as 8-bit pictures: a"))
    #expect(run.summary.hasSuffix("\nreport: \(run.page.path)"))
    for path in ["grid.csv", "worst.csv", "images/manifest.csv", "report/report.md"] {
      #expect(exists(out.appending(path: path)), "\(path)")
    }
    let page = try Data(contentsOf: run.page)
    #expect(try ReportFolder.write(ofRun: out).path == run.page.path)
    #expect(try Data(contentsOf: run.page) == page)
  }

  @Test("The grid is written by the report step, also in a run of this step alone")
  func steps() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    let experiment = try experiment(folder)
    func run(_ steps: [ExperimentStep]) throws -> FinishedRun? {
      try experiment.run(in: RunFolder(out), options: .init(steps: steps))
    }
    #expect(try run(experiment.steps.filter { $0 != .report }) == nil)
    #expect(!exists(out.appending(path: "grid.json")))
    #expect(throws: Failure.self) { try ReportFolder.write(ofRun: out) }
    let finished = try #require(try run([.report]))
    #expect(try Grid.read(out.appending(path: "grid.json")) == finished.grid)
  }

  @Test("A study that needs more examples than there are fails after the report is written")
  func study() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    let experiment = try experiment(
      folder, "study: { attack: fgsm, participants: 2, images: 1000 }")
    var reported: [URL] = []
    #expect(throws: Failure.self) {
      try experiment.run(in: RunFolder(out)) { reported.append($0.page) }
    }
    #expect(reported.count == 1 && reported.allSatisfy(exists))
    #expect(exists(out.appending(path: "grid.json")))
  }
}
