import Foundation
import TestSupport
import Testing

/// A wrong request ends with an exit status for scripts and a message that helps the user.
@Suite("Wrong requests are refused before anything runs")
struct RefusalTests {
  @Test(
    "a mistake in an experiment file is reported with its line and the nearest name",
    arguments: [
      ("epochs: 3", "epoch: 3", "small.yaml:5: model a has no 'epoch'", "did you mean 'epochs'?"),
      ("fgsm: {", "fgms: {", "small.yaml:8: unknown attack 'fgms'", "did you mean 'fgsm'?"),
      ("epsilons: [0, 0.1", "epsilons: [-1, 0.1", "small.yaml:8: epsilons: expected numbers", nil),
      (
        "epsilons: [0, 0.1", "epsilons: [.nan, 0.1", "small.yaml:8: epsilons: expected numbers", nil
      ),
      (
        "architecture: small, epochs: 2", "architecture: smal, epochs: 2", "'smal' is not known",
        "did you mean 'small'?"
      ),
      (
        "adversarial-training: { epsilon", "adversarial-training: { epsilom",
        "adversarial-training has no 'epsilom'",
        "'epsilon'"
      ),
      ("target: random", "target: 12", "target 12: the classes are 0 to 9", nil),
      ("count: 100", "count: many", "small.yaml:10: count: expected a whole number", nil),
      (
        "images: { attacks: [fgsm]", "images: { attacks: [pgd]", "images: unknown attack 'pgd'",
        nil
      ),
      ("seed: 3", "seed: 3\nseed: 4", "given twice", nil),
      ("  a: {", "  ../a: {", "'../a' cannot be a name", nil),
      ("train: 600", "train: 600000", "600000 were asked for", nil),
      ("fgsm: {", "fgsm: [", "small.yaml is not YAML: line", nil),
    ])
  func experiments(_ from: String, _ to: String, _ words: String, _ hint: String?) throws {
    let folder = TemporaryFolder()
    let file = folder.appending("small.yaml")
    try smallExperiment.replacing(from, with: to, maxReplacements: 1).write(
      to: file, atomically: true, encoding: .utf8)
    let out = folder.appending("out")
    let result = try Command.run("run", file.path, "--out", out.path)
    #expect([64, 65].contains(result.status), "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    if let hint { #expect(result.errors.contains(hint), "\(result.errors)") }
    #expect(!FileManager.default.fileExists(atPath: out.appending(path: "models").path))
  }

  @Test(
    "a mistake on the command line is refused with status 64",
    arguments: [
      (["attack", "--attack", "fgms", "--epsilon", "0.1"], "did you mean 'fgsm'?"),
      (["attack", "--attack", "fgsm", "--epsilon=-0.1"], "expected a number of at least 0"),
      (
        ["attack", "--attack", "fgsm", "--epsilon", "-0.1"],
        "--epsilon -0.1: expected a number of at least 0"
      ),
      (
        ["attack", "--attack", "fgsm", "--epsilon", "0.1", "--count", "5", "--sample", "5"],
        "--count and --sample cannot both be given"
      ),
      (["attack", "--attack", "fgsm", "--epsilon", "much"], "--epsilon much"),
      (
        ["attack", "--attack", "tgsm", "--epsilon", "0.1", "--target", "most"],
        "unknown target 'most'"
      ),
      (
        ["attack", "--attack", "fgsm", "--epsilon", "0.1", "--mask", "cores"],
        "--mask: 'cores' is not known"
      ),
      (["attack", "--attack", "fgsm:steps=3", "--epsilon", "0.1"], "fgsm has no 'steps'"),
      (
        ["attack", "--attack", "pgd:steps", "--epsilon", "0.1"],
        "expected name=value, found 'steps'"
      ),
      (
        ["transfer", "--attack", "fgsm", "--epsilon", "0.1", "--target", "next"],
        "none of the given attacks is targeted"
      ),
      (
        ["attack", "--attack", "fgsm", "--epsilon", "0.1", "--device", "cuda:x"],
        "unknown device 'cuda:x'"
      ),
    ])
  func commandLine(_ arguments: [String], _ words: String) throws {
    let result = try Command(
      arguments + ["--model", "m.safetensors", "--data", "synthetic", "--out", "x"]
    ).wait()
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test("a missing file ends with status 66")
  func missing() throws {
    #expect(try Command.run("run", "/nowhere/x.yaml").status == 66)
    #expect(
      try Command.run("evaluate", "--model", "/nowhere/m.safetensors", "--data", "synthetic").status
        == 66)
    #expect(try Command.run("inspect", "/nowhere").status == 66)
    #expect(try Command.run("report", "/nowhere").status == 66)
    #expect(try Command.run("export", "/nowhere/e.safetensors", "--out", "/tmp/x").status == 66)
  }

  @Test("a folder that cannot be written to ends with status 74 before any work is done")
  func unwritable() throws {
    let folder = TemporaryFolder()
    let file = folder.appending("small.yaml")
    try smallExperiment.write(to: file, atomically: true, encoding: .utf8)
    let result = try Command.run("run", file.path, "--out", "/proc/nowhere")
    #expect(result.status == 74)
    #expect(result.errors.contains("/proc/nowhere"))
    let long = [
      "train", "--data", "synthetic", "--epochs", "100000", "--out", file.path + "/m.safetensors",
    ]
    let train = try Command(long).wait()
    #expect(train.status == 74)
    #expect(
      train.errors.contains("not a directory") || train.errors.contains("file exists"),
      "\(train.errors)")
  }

  @Test("a truncated model file, and a file that is not a model, are refused with status 65")
  func models() throws {
    let folder = TemporaryFolder()
    let model = folder.appending("m.safetensors")
    let trained = try Command.run(
      "train", "--data", "synthetic", "--architecture", "small", "--epochs", "1", "--count", "100",
      "--out", model.path)
    #expect(trained.status == 0, "\(trained.errors)")
    let bytes = try Data(contentsOf: model)
    try bytes.prefix(bytes.count / 2).write(to: model)
    let truncated = try Command.run("evaluate", "--model", model.path, "--data", "synthetic")
    #expect(truncated.status == 65)
    #expect(truncated.errors.contains("not a valid safetensors file"))
    try Data("PNG or so".utf8).write(to: model)
    #expect(try Command.run("inspect", model.path).status == 65)
  }
}
