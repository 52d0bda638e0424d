import Foundation
import TestSupport
import Testing

@Suite("The commands train, evaluate, attack, export, transfer and inspect work together")
struct PipelineTests {
  @Test("each command reads what the previous one wrote")
  func pipeline() throws {
    let folder = TemporaryFolder()
    let (model, examples) = (
      folder.appending("model.safetensors").path, folder.appending("fgsm.safetensors").path
    )
    func run(_ arguments: String...) throws -> String {
      let result = try Command(arguments).wait()
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      return result.output
    }
    _ = try run(
      "train", "--data", "synthetic", "--architecture", "small", "--epochs", "8", "--seed", "5",
      "--out", model,
      "--quiet")
    let accuracy = try #require(
      JSONSerialization.jsonObject(
        with: Data(run("evaluate", "--model", "m=\(model)", "--data", "synthetic", "--json").utf8))
        as? [[String: Any]])
    #expect(try #require(accuracy[0]["accuracy"] as? Double) > 0.8)
    #expect(accuracy[0]["model"] as? String == "m")
    let attacked = try #require(
      JSONSerialization.jsonObject(
        with: Data(
          run(
            "attack", "--model", model, "--data", "synthetic", "--count", "50", "--attack", "fgsm",
            "--epsilon",
            "0,0.3",
            "--out", examples, "--json"
          ).utf8)) as? [String: Any])
    let cells = try #require(attacked["cells"] as? [[String: Any]])
    #expect(cells.count == 2)
    let spending = try #require(attacked["spending"] as? [String: Any])
    #expect(spending["forwardsPerExample"] as? Double == 1)
    #expect(spending["backwardsPerExample"] as? Double == 1)
    let accuracies = cells.compactMap { $0["accuracy"] as? Double }
    #expect(accuracies[1] < accuracies[0])
    let exported = try run(
      "export", examples, "--model", model, "--out", folder.appending("set").path, "--scale", "2")
    #expect(exported.contains("100 pictures"))
    let rows = try String(contentsOf: folder.appending("set/manifest.csv"), encoding: .utf8).split(
      separator: "\n")
    #expect(rows.count == 101)
    #expect(try run("inspect", examples).contains("50 adversarial examples"))
    #expect(try run("inspect", model).contains("trained on synthetic:train"))
    let out = folder.appending("transfer").path
    let matrix = try run(
      "transfer", "--model", "a=\(model)", "b=\(model)", "--data", "synthetic", "--count", "40",
      "--attack", "fgsm",
      "tgsm",
      "--epsilon", "0.1", "0.3", "--out", out)
    #expect(matrix.contains("report: "))
    #expect(try run("inspect", out).contains("16 cells"))
    #expect(try run("report", out).contains("index.html"))
    let listed = try run("list", "defenses")
    #expect(listed.contains("adversarial-training") && listed.contains("epsilon"))
  }

  @Test("training twice with the same seed writes the same bytes")
  func reproducible() throws {
    let folder = TemporaryFolder()
    let files = ["1", "2"].map { folder.appending("\($0).safetensors") }
    for file in files {
      try Command.run(
        "train", "--data", "synthetic", "--count", "300", "--architecture", "cnn", "--epochs", "1",
        "--seed", "9",
        "--out",
        file.path)
    }
    #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
  }

  @Test("the help of every command has an example and fits into 80 columns")
  func help() throws {
    let texts = try CommandHelp()
    for name in texts.commands {
      let text = texts.texts[name] ?? ""
      #expect(text.contains("EXAMPLE"), "\(name)")
      // ArgumentParser does not break the lines of the abstract and the usage.
      let lines = text.split(separator: "\n").filter {
        !$0.hasPrefix("OVERVIEW") && !$0.hasPrefix("USAGE")
      }
      #expect(lines.allSatisfy { $0.count <= 80 }, "\(name): \(lines.filter { $0.count > 80 })")
    }
  }
}
