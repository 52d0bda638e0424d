import Foundation
import TestSupport
import Testing

@Suite("Every command that prints an accuracy makes the trust checks that it can")
struct CheckedCommandTests {
  private let folder = TemporaryFolder()

  private func fixture(_ name: String) -> String { Fixture.file("digits.\(name).pt").path }

  private func attack(_ model: String, _ attack: String, _ more: String...) throws
    -> Command.Result
  {
    try Command(
      [
        "attack", "--model", fixture(model), "--data", "synthetic", "--count", "20", "--attack",
        attack, "--epsilon", "0.1", "--threads", "1", "--out",
        folder.appending("e.safetensors").path,
      ] + more
    ).wait()
  }

  @Test("attack prints its flags below the accuracies, and the checks that were not made")
  func flags() throws {
    let result = try attack("softmax", "fgsm")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("\n⚑ probabilities instead of logits\n    The outputs of "))
    #expect(
      result.output.contains("Not checked, because one attack on one model was run"),
      "\(result.output)")
    let lines = result.output.components(separatedBy: "\n").filter { !$0.contains("/") }
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
  }

  @Test("attack --json has the flags, and evaluate those of every model")
  func json() throws {
    let attacked = try attack("dropout", "fgsm", "--json")
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(attacked.output.utf8)) as? [String: Any])
    let flags = try #require(document["flags"] as? [[String: Any]])
    #expect(flags.contains { $0["name"] as? String == "answers change between evaluations" })
    #expect((document["notChecked"] as? [Any])?.isEmpty == false)
    let evaluated = try Command.run(
      "evaluate", "--model", fixture("plain"), fixture("softmax"), "--data", "synthetic", "--count",
      "50", "--json")
    let lines = try #require(
      JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [[String: Any]])
    let named = lines.map { line in
      ((line["flags"] as? [[String: Any]]) ?? []).compactMap { $0["name"] as? String }
    }
    #expect(!named[0].contains("probabilities instead of logits"))
    #expect(named[1].contains("probabilities instead of logits"), "\(named)")
  }

  @Test("--judgements shows a random model the same images several times")
  func judgements() throws {
    let evaluated = try Command.run(
      "evaluate", "--model", fixture("plain"), fixture("dropout"), "--data", "synthetic", "--count",
      "200", "--judgements", "4", "--json")
    let lines = try #require(
      JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [[String: Any]])
    let judged = try lines.map { try #require($0["judgements"] as? [String: Any]) }
    #expect(judged.allSatisfy { $0["judgements"] as? Int == 4 })
    #expect(judged[0]["sd_accuracy"] as? Double == 0)
    #expect(judged[0]["worst_accuracy"] as? Double == lines[0]["accuracy"] as? Double)
    let (worst, mean) = (judged[1]["worst_accuracy"], judged[1]["mean_accuracy"])
    #expect(try #require(worst as? Double) < #require(mean as? Double), "\(judged)")
    let attacked = try attack("dropout", "fgsm:eot=2", "--judgements", "3")
    #expect(attacked.status == 0, "\(attacked.errors)")
    #expect(attacked.output.contains("judgements") && attacked.output.contains("worst"))
    #expect(try attack("dropout", "fgsm", "--judgements", "0").status == 64)
  }

  @Test("attack refuses a model that transfer refuses, before anything is attacked")
  func refused() throws {
    let result = try attack("nan", "fgsm")
    #expect(result.status == 65, "\(result.errors)")
    #expect(result.errors.contains("model digits.nan: The outputs"), "\(result.errors)")
    #expect(try attack("detached", "pgd").status == 65)
    #expect(!FileManager.default.fileExists(atPath: folder.appending("e.safetensors").path))
  }

  @Test("train prints the flags of the model on the test images")
  func train() throws {
    let result = try Command.run(
      "train", "--data", "synthetic", "--count", "40", "--architecture", "mlp", "--epochs", "1",
      "--batch-size", "20", "--out", folder.appending("m.safetensors").path, "--json")
    #expect(result.status == 0, "\(result.errors)")
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(document["flags"] is [Any] && document["testAccuracy"] is Double)
  }

  @Test("images of the target class are left out, and the command says how many")
  func ownLabel() throws {
    let result = try attack("plain", "itgsm:steps=2", "--target", "3", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let cell = try #require((document["cells"] as? [[String: Any]])?.first)
    let excluded = try #require(cell["excluded"] as? Int)
    #expect(excluded > 0 && cell["examples"] as? Int == 20 - excluded)
    let text = try attack("plain", "itgsm:steps=2", "--target", "3")
    #expect(
      text.output.contains("itgsm: \(excluded) of 20 images have the label 3"), "\(text.output)")
  }
}
