import Foundation
import HumanStudy
import TestSupport
import Testing

@Suite("crossfire study")
struct StudyCommandTests {
  private let temporary = TemporaryFolder()

  /// Runs a small experiment with a study. The largest budget is the whole pixel range, so that
  /// enough examples fool their models.
  private func run(_ study: String) throws -> (out: URL, result: Command.Result) {
    let text = smallExperiment.replacing("target: random", with: "target: all").replacing(
      "[0.1, 0.3]", with: "[0.5, 1]"
    )
    .replacing("  fgsm: { epsilons: [0, 0.1, 0.3] }\n", with: "").replacing(
      "images: { attacks: [fgsm], count: 3 }", with: study)
    let file = temporary.appending("small.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    let out = temporary.appending("out")
    return (out, try Command.run("run", file.path, "--out", out.path, "--threads", "1"))
  }

  @Test("a run samples its study, and scoring adds the answers to the run's report")
  func whole() throws {
    let (out, result) = try run(
      "study: { attack: tgsm, participants: 3, imagesPerClass: 3, images: 4, clean: 2, "
        + "noise: 2, checks: 1 }")
    #expect(result.status == 0, "\(result.errors)")
    let folder = StudyFolder(out.appending(path: "study"))
    let study = try folder.readStudy()
    #expect(
      study.slots == 4 && result.errors.contains("drew a study of 4 lists with 12 trials each"))
    let before = try contents(of: out)
    let again = try Command.run("study", "sample", out.path)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try contents(of: out) == before)
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let answers = try folder.readTrials().map { trial in
      let stimulus = key[trial.stimulus]!
      return Answer(
        participant: "p\(trial.slot)", position: trial.position, phase: trial.phase,
        stimulus: trial.stimulus, question: 1,
        choice: .label(
          trial.position % 2 == 0 ? stimulus.target ?? stimulus.label : stimulus.label),
        milliseconds: 900)
    }
    try folder.write(answers)
    let score = try Command.run("study", "score", folder.url.path, "--draws", "200")
    #expect(score.status == 0, "\(score.errors)")
    #expect(
      score.output.contains("4 of 4 participants are analysed") && score.output.contains("report: ")
    )
    let page = try String(contentsOf: out.appending(path: "report/index.html"), encoding: .utf8)
    #expect(page.contains("What people see") && page.contains("Mistake reasonable"))
    let refused = try Command.run("study", "sample", out.path)
    #expect(refused.status == 74 && refused.errors.contains("has answers already"))
  }

  @Test("a study that the examples cannot satisfy is refused, but the run's report is written")
  func refused() throws {
    let (out, result) = try run("study: { attack: tgsm, participants: 3, images: 4000 }")
    #expect(
      result.status == 65
        && result.errors.contains("a participant sees 200 of each class and condition"))
    #expect(FileManager.default.fileExists(atPath: out.appending(path: "report/index.html").path))
    let wrong = try run("study: { attack: jsma, participants: 3 }").result
    #expect(
      wrong.status == 65 && wrong.errors.contains("small.yaml:10: study: unknown attack 'jsma'")
    )
  }
}
