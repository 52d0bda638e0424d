import Foundation
import TestSupport
import Testing

@Suite("crossfire train with an attack on held-out images")
struct RobustTrainingTests {
  private let folder = TemporaryFolder()

  private func train(_ more: String...) throws -> Command.Result {
    try Command(
      ["train", "--data", "synthetic", "--count", "300", "--architecture", "small"] + more + [
        "--threads", "1", "--out", folder.appending("m.safetensors").path,
      ]
    ).wait()
  }

  @Test("the record has the accuracy under attack, and inspect shows it with the notices")
  func record() throws {
    let made = try train(
      "--epochs", "1", "--learning-rate", "1e-9", "--validation", "60", "--keep", "best",
      "--robust-validation", "epsilon=0.1", "steps=2", "--json")
    #expect(made.status == 0, "\(made.errors)")
    #expect(made.output.contains("\"robustAccuracy\""))
    let notice = "The model has not learned to predict the labels"
    #expect(made.errors.contains(notice) && made.output.contains(notice))
    let shown = try Command.run("inspect", folder.appending("m.safetensors").path)
    #expect(shown.output.contains("under attack on held-out images"))
    #expect(shown.output.contains(notice))
    let history = try String(contentsOf: folder.appending("m.history.jsonl"), encoding: .utf8)
    #expect(history.contains("\"robustAccuracy\""))
  }

  @Test("without held-out images it is refused")
  func refused() throws {
    let refused = try train("--epochs", "1", "--robust-validation", "epsilon=0.1")
    #expect(refused.status == 64)
    #expect(refused.errors.contains("robustValidation needs the accuracy on held-out images"))
  }
}
