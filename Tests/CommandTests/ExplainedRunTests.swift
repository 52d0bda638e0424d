import Foundation
import TestSupport
import Testing

@Suite("Explanations of crossfire run")
struct ExplainedRunTests {
  private let folder = TemporaryFolder()

  @Test("a run explains its models, also those that it looks for, and its report shows it")
  func run() throws {
    let text = """
      name: explained
      data: { name: synthetic, train: 200, test: 30 }
      models: { normal: { architecture: mlp 20, epochs: 2 } }
      another: { of: normal, count: 2, leastAccuracy: 0, leastNew: 0 }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      explain: { methods: [gradient, lime: { samples: 40 }], count: 2, trust: 3 }
      """
    let file = folder.appending("explained.yaml")
    try Data(text.utf8).write(to: file)
    let out = folder.appending("run")
    func run(_ more: String...) throws -> Command.Result {
      try Command(["run", file.path, "--out", out.path, "--threads", "1"] + more).wait()
    }
    let planned = try run("--dry-run")
    #expect(planned.output.contains("explain normal-2"), "\(planned.output)")
    let first = try run("--steps", "model normal", "explain normal")
    #expect(first.status == 0, "\(first.errors)")
    let alone = out.appending(path: "explanations/normal.safetensors")
    let before = try Data(contentsOf: alone)
    let whole = try run()
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try Data(contentsOf: alone) == before)
    let page = try String(contentsOf: out.appending(path: "report/index.html"), encoding: .utf8)
    #expect(page.contains("alt=\"lime of normal-2 for example 1\""))
    #expect(page.contains("How far the methods agree"))
    let trust = try String(
      contentsOf: out.appending(path: "explanation-trust.csv"), encoding: .utf8)
    #expect(trust.contains("normal-2,gradient,rank_correlation,lime,"))
    // The report is written again from what is stored.
    try FileManager.default.removeItem(at: out.appending(path: "report"))
    #expect(try Command.run("report", out.path).status == 0)
    let again = try String(contentsOf: out.appending(path: "report/index.html"), encoding: .utf8)
    #expect(again == page)
    let done = try run("--dry-run")
    #expect(done.output.contains(/explain normal-2 .*done/), "\(done.output)")
  }
}
