import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

/// A PNG file of one value, grey and 4 x 4 pixels large.
private func flatPNG(_ value: UInt8) throws -> Data {
  let shape = InputShape(channels: 1, height: 4, width: 4)
  return try PNG.encode(Picture(shape: shape, pixels: .init(repeating: value, count: shape.count)))
}

@Suite("Data that are opened when they are used")
struct LazyDataTests {
  private let folder = TemporaryFolder()
  private let quiet = ProgressDisplay(.quiet)

  private func write(_ data: Data, _ name: String) throws {
    let place = folder.appending(name)
    try createFolder(place.deletingLastPathComponent())
    try data.write(to: place)
  }

  /// Data of every kind that can be made here, in files that are old enough to be cached.
  private func makeData() throws -> [String] {
    for (place, path) in ["train/a", "train/b", "test/a", "test/b"].enumerated() {
      for index in 0..<8 {
        try write(flatPNG(UInt8(10 + place * 20 + index)), "pictures/\(path)/\(index).png")
      }
      try write(Data("some words of \(path)".utf8), "texts/\(path)/1.txt")
    }
    for name in ["train", "test"] {
      try write(Data("x,y,label\n1,2,a\n3,\(name.count),b\n".utf8), "table/\(name).csv")
    }
    try write(Data("x,y,label\n1,2,a\n3,4,b\n5,6,a\n7,8,b\n".utf8), "one.csv")
    let images = Tensor((0..<16).map { UInt8($0 * 9) }, shape: [4, 2, 2])
    try NPZWriter.write(
      [
        ("train_images", images), ("train_labels", Tensor(labels: [0, 1, 0, 1])),
        ("test_images", images), ("test_labels", Tensor(labels: [1, 1, 0, 1])),
      ], to: folder.appending("arrays.npz"))
    Thread.sleep(forTimeInterval: 2.1)
    let paths = [
      "pictures", "pictures:resize=2", "texts", "table", "one.csv:heldout=0.5", "arrays.npz",
    ]
    let named = ["synthetic", "iris-cancer:iris=both", "clusters-2d", "mnist", "decoy-mnist"]
      .filter { name in
        try! DataReference(name).entry?.isHere() ?? false
      }
    return paths.map { folder.appending($0).path } + named
  }

  @Test("fingerprints, notes and images are equal with and without a cache for all kinds of data")
  func equal() throws {
    let cache = DataCache(folder.appending(".data"))
    for text in try makeData() {
      let plan = DataPlan(try DataReference(text), train: 2, test: nil)
      for split in [Split.train, .test] {
        let plain = try plan.load(split)
        let first = try plan.lazily(split, cache: cache, progress: quiet)
        let second = try plan.lazily(split, cache: cache, progress: quiet)
        #expect(first.areOpen && !second.areOpen, "\(text) \(split)")
        #expect(first.facts == DataFacts(plain) && second.facts == first.facts, "\(text) \(split)")
        let images = try second.images()
        #expect(second.areOpen && images.fingerprint == plain.fingerprint)
        #expect(DataFacts(try plan.load(split, cache: cache)) == first.facts)
        #expect(images.labels.int64s() == plain.labels.int64s() && images.notes == plain.notes)
        // Another number of images is another request.
        let fewer = try DataPlan(plan.reference, train: 1, test: 1).lazily(
          split, cache: cache, progress: quiet)
        #expect(fewer.areOpen && fewer.facts.count == 1)
      }
    }
  }

  private func experiment(_ more: String = "") throws -> Experiment {
    let text = """
      data: { name: \(folder.appending("pictures").path) }
      models:
        a: { architecture: mlp 4, epochs: 1 }
        b: { architecture: mlp 4, epochs: 1, defense: distillation }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      \(more)
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
  }

  private var out: URL { folder.appending("out") }

  private func run(_ steps: String..., more: String = "") throws -> Grid? {
    let experiment = try experiment(more)
    return try ExperimentRun(
      experiment, folder: RunFolder(out),
      steps: steps.isEmpty ? nil : experiment.steps(matching: steps)
    ).run()?.grid
  }

  private var entries: [URL] {
    (try? FileManager.default.contentsOfDirectory(
      at: out.appending(path: ".data"), includingPropertiesForKeys: nil)) ?? []
  }

  @Test("where all models are trained, no training image is opened")
  func trained() throws {
    _ = try makeData()
    _ = try run("model *")
    #expect(entries.count == 2)
    let experiment = try experiment()
    let folder = RunFolder(looking: out)
    let run = ExperimentRun(experiment, folder: folder)
    let test = try experiment.testImages(cache: folder.dataCache(), progress: quiet).all
    let training = try #require(
      try experiment.trainingImages(
        for: experiment.models, cache: folder.dataCache(), progress: quiet))
    for plan in experiment.models {
      #expect(run.isThere(plan, training))
      _ = try run.load(plan, training, test)
    }
    #expect(!training.train.areOpen)
    // A model that is missing is trained as it was before.
    let file = folder.model("b")
    let before = try ModelFile(file).network.fingerprint
    try FileManager.default.removeItem(at: file)
    #expect(!run.isThere(experiment.models[1], training) && !training.train.areOpen)
    _ = try run.load(experiment.models[1], training, test)
    #expect(training.train.areOpen)
    #expect(try ModelFile(file).network.fingerprint == before)
  }

  @Test("steps with entries, without them and with damaged ones give the same grid")
  func sameResults() throws {
    _ = try makeData()
    let grid = try #require(try run())
    #expect(entries.count == 2)
    func predictions() throws -> Data {
      try Data(contentsOf: out.appending(path: "predictions/fgsm.a.safetensors"))
    }
    let before = try predictions()
    for damage in [Data(), Data("{}".utf8), Data(count: 5000)] {
      for file in entries { try damage.write(to: file) }
      try FileManager.default.removeItem(at: out.appending(path: "predictions"))
      #expect(try run("attack * from *") == nil)
      let again = try #require(try run("report"))
      #expect(again.cells == grid.cells && again.provenance == grid.provenance)
      #expect(try predictions() == before)
      #expect(entries.count == 2)
      for file in entries { #expect(try Data(contentsOf: file).count > 200) }
    }
    // Without the folder, and where it cannot be made.
    try FileManager.default.removeItem(at: out.appending(path: ".data"))
    try Data().write(to: out.appending(path: ".data"))
    #expect(try #require(try run("report")).cells == grid.cells)
  }

  @Test("changed training data are noticed: a model that was trained on other data is not done")
  func changedData() throws {
    _ = try makeData()
    _ = try run("model *")
    try write(flatPNG(200), "pictures/train/a/0.png")
    let found = try #require(throws: Failure.self) { try run("probe a") }
    #expect(found.message.contains("the step 'model a' has not been done"))
  }

  @Test("an estimate reads the cache of a folder and does not write it")
  func estimates() throws {
    _ = try makeData()
    _ = try StepEstimates(
      experiment(), folder: out, device: .cpu, evaluator: Evaluator(), progress: quiet)
    #expect(!FileManager.default.fileExists(atPath: out.path))
    _ = try run("model *")
    for file in entries { try FileManager.default.removeItem(at: file) }
    let found = try StepEstimates(
      experiment(), folder: out, device: .cpu, evaluator: Evaluator(), progress: quiet)
    #expect(found.all.first { $0.step == "model a" }?.isDone == true && entries.isEmpty)
  }
}
