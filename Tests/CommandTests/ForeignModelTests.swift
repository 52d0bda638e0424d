import Foundation
import TestSupport
import Testing

/// Models from elsewhere: TorchScript files that `scripts/foreign_models.py` made.
@Suite(
  "Models from elsewhere are checked, attacked, and refused where an attack would be meaningless")
struct ForeignModelTests {
  let folder = TemporaryFolder()

  private func fixture(_ name: String) -> String { Fixture.file("digits.\(name).pt").path }

  @Test(
    "inspect names what is wrong with a model",
    arguments: [
      ("plain", "accuracy at chance without an attack"),
      ("softmax", "probabilities instead of logits"),
      ("dropout", "answers change between evaluations"), ("batch", "answers depend on the batch"),
      ("detached", "no gradient reaches the input"), ("nan", "outputs that are not numbers"),
    ])
  func inspect(_ name: String, _ check: String) throws {
    let result = try Command.run("inspect", fixture(name), "--data", "synthetic")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains(
        "TorchScript with 598 parameters, input 1x28x28, 10 classes, values from 0 to 1"))
    #expect(result.output.contains("⚑ \(check)\n"), "\(result.output)")
  }

  @Test("a deep inspection without data is refused with status 64")
  func deepInspection() throws {
    #expect(try Command.run("inspect", fixture("plain"), "--deep").status == 64)
  }

  @Test(
    "a model that does not state the shape of its images can be inspected only if the user gives it"
  )
  func shapeless() throws {
    let result = try Command.run("inspect", fixture("plain"))
    #expect(result.status == 65 && result.errors.contains(":input=1x28x28"), "\(result.errors)")
    let described = try Command.run("inspect", fixture("plain") + ":input=1x28x28")
    #expect(described.status == 0 && described.output.contains("0   TorchScript graph\n"))
  }

  @Test(
    "transfer accepts a model trained here and a TorchScript model, and warns of the latter's flaws"
  )
  func transfer() throws {
    let model = folder.appending("ours.safetensors").path
    let trained = try Command.run(
      "train", "--data", "synthetic", "--architecture", "small", "--epochs", "1", "--out", model,
      "--quiet")
    #expect(trained.status == 0, "\(trained.errors)")
    let out = folder.appending("out")
    let result = try Command.run(
      "transfer", "--model", "ours=\(model)",
      "theirs=\(fixture("plain")):mean=0.5,std=0.5,range=0/1", "--data",
      "synthetic",
      "--count", "40", "--attack", "fgsm", "--epsilon", "0", "0.2", "--out", out.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("warning: theirs classifies"), "\(result.errors)")
    let grid = try String(contentsOf: out.appending(path: "grid.csv"), encoding: .utf8)
    #expect(
      grid.contains("fgsm,0.2,theirs,ours,black-box")
        && grid.contains("fgsm,0.2,ours,theirs,black-box"))
    let request = try String(contentsOf: out.appending(path: "experiment.yaml"), encoding: .utf8)
    #expect(request.contains("mean: [0.5]"))
  }

  @Test("a model without input gradients is refused with status 65, and no grid is written")
  func stopped() throws {
    let out = folder.appending("out")
    let result = try Command.run(
      "transfer", "--model", fixture("detached"), "--data", "synthetic", "--count", "20",
      "--attack", "fgsm",
      "--epsilon", "0.1", "--out", out.path)
    #expect(result.status == 65, "\(result.errors)")
    #expect(
      result.errors.contains("input gradients of digits.detached are exactly zero"),
      "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: out.appending(path: "grid.csv").path))
  }

  @Test("a model without input gradients is attacked by what takes no gradients, with a warning")
  func withoutGradients() throws {
    let model = folder.appending("ours.safetensors").path
    let trained = try Command.run(
      "train", "--data", "synthetic", "--architecture", "small", "--epochs", "1", "--count", "100",
      "--out", model,
      "--quiet")
    #expect(trained.status == 0, "\(trained.errors)")
    let out = folder.appending("out")
    let result = try Command.run(
      "transfer", "--model", fixture("detached"), "--data", "synthetic", "--count", "20",
      "--attack", "square:queries=5", "surrogate:of=fgsm,model=\(model)", "uniform-noise",
      "--epsilon", "0.1", "--out", out.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains(
        "warning: All 20 input gradients of digits.detached are exactly zero"),
      "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: out.appending(path: "grid.csv").path))
  }

  @Test(
    "a wrong description of a model is refused with status 64",
    arguments: [
      (":mean=0.5", "'std' is missing"), (":range=1/0", "range: expected two rising numbers"),
      (":channels=bgr,lay=nhwc", "a model has no 'lay'"), (":channels=grb", "'grb' is not known"),
    ])
  func wrongNotes(_ notes: String, _ words: String) throws {
    let result = try Command.run("inspect", fixture("plain") + notes)
    #expect(result.status == 64 && result.errors.contains(words), "\(result.errors)")
  }

  @Test("a model whose classes are in another order than those of the data is refused")
  func classOrder() throws {
    let result = try Command.run(
      "evaluate", "--model", fixture("plain") + ":classes=1/0/2/3/4/5/6/7/8/9", "--data",
      "synthetic")
    #expect(result.status == 65 && result.errors.contains("has the classes of"), "\(result.errors)")
  }
}
