import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The files of a run folder depend on the request alone")
struct FolderBytesTests {
  private let folder = TemporaryFolder()

  /// Models of several origins, attacks with and without random numbers and targets, and everything
  /// that a run writes for pictures without masks.
  private static let experiment = """
    name: bytes
    seed: 5
    data: { name: synthetic, train: 1000, test: 100 }
    models:
      plain: { architecture: small, epochs: 2, batchSize: 16 }
      robust: { architecture: small, epochs: 1, defense: { adversarial-training: { epsilon: 0.2 } } }
      squeezed: { model: plain, transform: jpeg 75 }
      both: { ensemble: [plain, robust] }
    attacks:
      fgsm: { epsilons: [0, 0.1, 0.3] }
      pgd: { steps: 3, start: random, restarts: 2, epsilons: [0.1, 0.3] }
      square: { queries: 20, epsilons: [0.1, 0.3] }
      tgsm: { epsilons: [0.5, 1], target: all, count: 40 }
    count: 60
    repeats: 2
    images: { attacks: [fgsm, square], count: 3, jpeg: [75] }
    study: { attack: tgsm, models: [plain, robust], participants: 2, images: 4, distance: 0 }
    """

  /// A search for other explanations and explanations of all models, for data with masks and groups.
  private func maskedExperiment() throws -> String {
    """
    name: masked
    seed: 2
    data: { name: \(try writeMaskedPictures()) }
    models: { normal: { architecture: mlp 20, epochs: 3 } }
    another: { of: normal, count: 2, leastAccuracy: 0, leastNew: 0 }
    attacks:
      fgsm: { epsilons: [0, 0.1, 0.3] }
      pgd: { steps: 3, mask: nuisance, epsilons: [0.3, 1] }
    explain: { methods: [gradient, lime: { samples: 40 }], count: 2, trust: 3 }
    repeats: 2
    """
  }

  /// Writes pictures of 8 by 8 pixels with a bright row and a bright pixel that tell the class. The
  /// mask marks the row of the pixel.
  private func writeMaskedPictures() throws -> String {
    func arrays(_ split: String, _ count: Int) -> [(name: String, tensor: Tensor)] {
      let noise = RandomSource(Seed(UInt64(count))).normal([count, 64]).floats()
      let labels = (0..<count).map { $0 % 3 }
      let pixels = noise.enumerated().map { place, noise -> Float in
        let (label, row, column) = (labels[place / 64], place % 64 / 8, place % 8)
        if row == 0 { return column == label ? 1 : 0 }
        return min(1, max(0, (row == 2 + 2 * label ? 0.6 : 0.3) + 0.2 * noise))
      }
      let masks = pixels.indices.map { $0 % 64 < 8 ? 1 : 0 as Float }
      return [
        ("\(split)_images", Tensor(pixels, shape: [count, 1, 8, 8])),
        ("\(split)_labels", Tensor(labels: labels)),
        ("\(split)_groups", Tensor(labels: (0..<count).map { $0 / 3 % 2 })),
        ("\(split)_masks", Tensor(masks, shape: [count, 1, 8, 8])),
      ]
    }
    let file = folder.appending("masked.npz")
    try NPZWriter.write(arrays("train", 300) + arrays("test", 60), to: file)
    return file.path
  }

  /// Runs an experiment in one process, and its steps in a process each: every model, then the other
  /// steps from the last to the first, and the report with another number of threads.
  /// - Returns: the contents of both run folders.
  private func runTwice(_ text: String) throws -> (whole: [String: Data], steps: [String: Data]) {
    let file = folder.appending("experiment.yaml")
    try Data(text.utf8).write(to: file)
    func run(_ name: String, _ options: String...) throws -> [String: Data] {
      let out = folder.appending(name)
      let result = try Command(["run", file.path, "--out", out.path, "--quiet"] + options).wait()
      #expect(result.status == 0, "\(options): \(result.errors)")
      return try contents(of: out)
    }
    let names = try Experiment(.yaml(text, file: file.path)).steps.map(\.name)
    let models = names.filter { $0.hasPrefix("model ") }
    for name in models + names.dropLast().filter({ !models.contains($0) }).reversed() {
      _ = try run("steps", "--threads", "1", "--steps", name)
    }
    let steps = try run("steps", "--threads", "2", "--steps", "report")
    return (try run("whole", "--threads", "1"), steps)
  }

  /// The paths of the files that only one of two folders has, or that differ.
  private func differences(_ first: [String: Data], _ second: [String: Data]) -> [String] {
    Set(first.keys).union(second.keys).filter { first[$0] != second[$0] }.sorted()
  }

  @Test("steps in separate processes give the same folder byte for byte")
  func steps() throws {
    let (whole, steps) = try runTwice(Self.experiment)
    #expect(differences(whole, steps) == [])
    for part in [
      "models/", "examples/", "predictions/", "probes/", "repeats/2/grid.json",
      "images/images/", "study/study.json", "report/figures/", "repeats.csv",
    ] { #expect(whole.keys.contains { $0.hasPrefix(part) }, "\(part)") }
  }

  @Test("with explanations, only the times that these took differ")
  func explanations() throws {
    let (whole, steps) = try runTwice(maskedExperiment())
    // The explanations of a model and the report contain the times within other text.
    let timed = { (path: String) in
      path.hasPrefix("explanations/") || ["report/index.html", "report/report.md"].contains(path)
    }
    func withoutTimes(_ files: [String: Data]) -> [String: Data] {
      var files = files.filter { !timed($0.key) }
      for (path, time) in [
        ("explanation-trust.csv", /,seconds,.*/),
        ("grid.json", /"mean" : .*\s+"measure" : "seconds"/),
      ] {
        let text = files[path].map { String(decoding: $0, as: UTF8.self) }
        #expect(text?.contains(time) == true, "\(path)")
        files[path] = text.map { Data($0.replacing(time, with: "").utf8) }
      }
      return files
    }
    #expect(differences(withoutTimes(whole), withoutTimes(steps)) == [])
    #expect(whole.keys.sorted() == steps.keys.sorted())
    for part in [
      "another/", "reliance/", "reliance.csv", "explanations/", "explanations.csv", "groups.csv",
      "disagreements.csv", "repeats/2/another/",
    ] { #expect(whole.keys.contains { $0.hasPrefix(part) }, "\(part)") }
  }
}
