import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Commands and experiments limit attacks by the masks of the data")
struct MaskLimitCommandTests {
  private let folder = TemporaryFolder()

  /// Writes pictures of 1x6x6 pixels of two classes. The nuisance is a corner of 2x2 pixels.
  private func writePictures() throws {
    func part(_ split: String, _ count: Int, _ seed: Seed) -> [(String, Tensor)] {
      let labels = Tensor(labels: (0..<count).map { $0 % 2 })
      let brightness = labels.to(.float32).reshaped([-1, 1, 1, 1]) * 0.4 + 0.2
      let noise = RandomSource(seed).uniform([count, 1, 6, 6]) * 0.3
      let mask = Tensor.ones([1, 1, 2, 2]).padded(left: 0, right: 4, top: 0, bottom: 4)
      return [
        ("\(split)_images", brightness + noise), ("\(split)_labels", labels),
        ("\(split)_masks", mask.expanded([count, 1, 6, 6]).contiguous),
      ]
    }
    try NPZWriter.write(
      part("train", 200, Seed(1)) + part("test", 40, Seed(2)), to: folder.appending("marked.npz"))
  }

  @Test("--mask limits the examples of attack, transfer and frames")
  func commands() throws {
    try writePictures()
    let data = folder.appending("marked.npz").path
    let model = folder.appending("m.safetensors").path
    try Command.output(
      "train", "--data", data, "--architecture", "mlp", "--epochs", "3", "--batch-size", "32",
      "--out", model, "--quiet")
    for (mask, features) in [("nuisance", 4.0), ("core", 32.0)] {
      let file = folder.appending("\(mask).safetensors")
      try Command.output(
        "attack", "--model", model, "--data", data, "--attack", "pgd:steps=3", "--mask", mask,
        "--epsilon", "0.1", "--out", file.path, "--quiet")
      let set = try ExampleSet(file)
      #expect(set.origin.parameters["mask"] == mask)
      let changed = set.adversarial[0].differs(from: set.original).to(.float32)
      let corner = changed.narrow(2, 0, 2).narrow(3, 0, 2).sum().scalar
      #expect(changed.sum().scalar > 20 * features)
      #expect(corner == (mask == "core" ? 0 : changed.sum().scalar))
    }
    let out = folder.appending("out")
    try Command.output(
      "transfer", "--model", model, "--data", data, "--attack", "fgsm", "--mask", "nuisance",
      "--epsilon", "0.1", "--out", out.path, "--quiet")
    let resolved = try String(
      contentsOf: out.appending(path: "experiment.yaml"), encoding: .utf8)
    #expect(resolved.contains("mask: nuisance"))
    let grid = try String(contentsOf: out.appending(path: "grid.json"), encoding: .utf8)
    #expect(grid.contains("\"mask\" : \"nuisance\""))
    try Command.output(
      "frames", "--model", model, "--data", data, "--attack", "bim", "--mask", "core",
      "--epsilon", "0.1", "--out", folder.appending("frames").path, "--quiet")
  }

  @Test("data without masks end with one message before anything is trained or attacked")
  func noMasks() throws {
    let text = smallExperiment.replacing(
      "fgsm: { epsilons", with: "fgsm: { mask: nuisance, epsilons", maxReplacements: 1)
    let file = folder.appending("small.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    let out = folder.appending("out")
    let result = try Command.run("run", file.path, "--out", out.path, "--quiet")
    #expect(result.status == 65)
    #expect(
      result.errors == """
        crossfire: fgsm: mask: nuisance: synthetic:test has no masks, and the attack needs one for \
        every example
          hint: leave out the setting 'mask', or add masks to the data: 1 where a feature must not \
        matter, 0 elsewhere

        """)
    #expect(!FileManager.default.fileExists(atPath: out.appending(path: "models").path))
  }
}
