import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Trainings that are watched on the data's validation images")
struct ValidationSplitTests {
  private let folder = TemporaryFolder()

  /// Writes three splits of small digits whose groups are whether the label is at least 5.
  /// - Parameter watched: which groups the validation images have; nil for no validation images.
  private func write(_ watched: Set<Int64>? = [0, 1]) throws -> String {
    func arrays(_ split: String, _ seed: UInt64, _ groups: Set<Int64>) throws -> [(
      name: String, tensor: Tensor
    )] {
      let digits = try SevenSegmentDigits(seed: Seed(seed), size: 14).images(.train, count: 120)
      let all = digits.labels.int64s()
      let rows = all.indices.filter { groups.contains(all[$0] >= 5 ? 1 : 0) }
      let places = Tensor(labels: rows)
      let labels = digits.labels.indexSelect(0, places)
      return [
        ("\(split)_images", digits.pixels.indexSelect(0, places)), ("\(split)_labels", labels),
        ("\(split)_groups", labels.isAtLeast(5).to(.int64)),
      ]
    }
    let file = folder.appending("digits.npz")
    let validation = try watched.map { try arrays("validation", 3, $0) } ?? []
    try NPZWriter.write(
      arrays("train", 1, [0, 1]) + validation + arrays("test", 2, [0, 1]), to: file)
    return file.path
  }

  private func experiment(_ data: String, _ settings: String) throws -> Experiment {
    try Experiment(
      .yaml(
        """
        data: { name: \(data) }
        models: { m: { architecture: mlp, epochs: 2, batchSize: 20, \(settings) } }
        attacks: { fgsm: { epsilons: [0, 0.1] } }
        """, file: "e.yaml"))
  }

  private func run(_ experiment: Experiment, _ name: String = "out") throws -> Grid? {
    try ExperimentRun(experiment, folder: RunFolder(folder.appending(name))).run()?.grid
  }

  @Test("the whole training split is learned from, and the validation split is watched")
  func used() throws {
    let experiment = try experiment(write(), "validation: data, keep: best, by: worst-group")
    let grid = try #require(try run(experiment))
    #expect(grid.groups?.map { $0.accuracies.groups.map(\.group) } == [[0, 1], [0, 1]])
    let model = folder.appending("out/models/m.safetensors")
    let record = try #require(try ModelFile(model).training)
    let history = try [EpochRecord](jsonLines: ModelTraining.history(of: model))
    #expect(history.allSatisfy { $0.validationGroups?.keys.sorted() == ["0", "1"] })
    let best = try #require(history.best(by: .worstGroup))
    #expect(record.keptEpoch == best + 1)
    #expect(record.validationWorstGroup == history[best].validationWorstGroup)
    // The kept network has this accuracy on the validation split.
    let images = try DataReference(folder.appending("digits.npz").path).load(.validation)
    let network = try ModelFile(model).network
    #expect(
      Evaluator().accuracy(of: try network.frozen(), on: images) == record.validationAccuracy)
    #expect(
      try Experiment(.yaml(experiment.resolved(), file: "r.yaml")).resolved()
        == experiment.resolved())
    #expect(try experiment.resolved().contains("validation: data"))
  }

  @Test("the request depends on the validation images and on the criterion")
  func requests() throws {
    let file = try write()
    let (train, other) = (
      try DataReference(file).load(.train), try DataReference(file).load(.test)
    )
    let watched = try DataReference(file).load(.validation)
    func request(
      _ validation: ValidationImages, _ images: LabelledImages?,
      _ criterion: ValidationCriterion = .accuracy
    ) throws -> String {
      var settings = TrainingSettings(epochs: 1)
      settings.validation = validation
      settings.criterion = criterion
      return ModelTraining(
        name: "m",
        plan: TrainingPlan(
          architecture: try Architecture.named("mlp"), defense: PlainTraining(), settings: settings),
        training: train, test: nil, validation: images, device: .cpu,
        progress: ProgressDisplay(.quiet)
      ).request
    }
    let all = try [
      request(0, nil), request(5, nil), request(.data, watched), request(.data, other),
      request(.data, watched, .worstGroup), request(5, nil, .worstGroup),
    ]
    #expect(Set(all).count == 6)
    #expect(try request(5, watched) == request(5, nil))
  }

  @Test(
    "missing validation images, missing groups and missing settings are refused before training")
  func refused() throws {
    func failure(_ data: String, _ settings: String) -> Failure? {
      #expect(throws: Failure.self) { try run(experiment(data, settings), "refused") }
    }
    let lacking = failure(try write([1]), "validation: data, keep: best, by: worst-group")
    #expect(lacking?.message.contains("lack the group 0 of the training images") == true)
    let none = failure(try write(nil), "validation: data")
    #expect(none?.message.contains("has no split 'validation'") == true)
    let alone = failure(try write(), "by: worst-group")
    #expect(alone?.message.contains("by needs the accuracy on held-out images") == true)
    let wrong = failure(try write(), "validation: date")
    #expect(wrong?.kind == .badData)
    let models = folder.appending("refused/models").path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
    #expect(files.isEmpty, "\(files)")
  }

  @Test("tuning by the worst group chooses the value with the best one, on validation images alone")
  func tuning() throws {
    let text = """
      data: { name: \(try write()) }
      models:
        plain: { architecture: mlp, epochs: 2, batchSize: 20 }
        m: { architecture: mlp, epochs: 2, batchSize: 20, defense: { label-smoothing: { alpha: 0.1 } } }
      attacks: { fgsm: { epsilons: [0] } }
      """
    func tune(_ reference: String?, _ name: String) throws -> Tuning {
      try TuningRun(
        Experiment(.yaml(text, file: "e.yaml")), model: "m", reference: reference,
        setting: "alpha", values: [0.05, 0.3], validation: .data, rule: .worstGroup,
        folder: RunFolder(folder.appending(name)), device: .cpu, progress: ProgressDisplay(.quiet)
      ).run()
    }
    let tuned = try tune(nil, "tuned")
    #expect(tuned.candidates.allSatisfy { $0.cells.map(\.examples) == [120] })
    let worst = tuned.candidates.map { $0.byGroup?.worst.accuracy ?? -1 }
    #expect(tuned.chosen?.byGroup?.worst.accuracy == worst.max())
    let lines = tuned.csv().split(separator: "\n")
    #expect(
      lines[0] == "value,images,accuracy,mean,mean_low,mean_high,worst_group,worst,worst_low,"
        + "worst_high,chosen")
    #expect(lines.count == 3 && lines[1].hasPrefix("0.05,120,"))
    let again = try tune("plain", "again")
    #expect(again.candidates.map(\.byGroup) == tuned.candidates.map(\.byGroup))
    #expect(again.referenceByGroup != nil && tuned.referenceByGroup == nil)
    // Test images are not needed at all.
    let file = folder.appending("digits.npz")
    let arrays = try DataReference(file.path)
    let (train, watched) = (try arrays.load(.train), try arrays.load(.validation))
    func named(_ split: String, _ images: LabelledImages) -> [(name: String, tensor: Tensor)] {
      [
        ("\(split)_images", images.pixels), ("\(split)_labels", images.labels),
        ("\(split)_groups", images.annotations.groups!),
      ]
    }
    try NPZWriter.write(named("train", train) + named("validation", watched), to: file)
    #expect(try tune(nil, "without").candidates == tuned.candidates)
    #expect(throws: Failure.self) {
      try TuningRun(
        Experiment(.yaml(text, file: "e.yaml")), model: "m", reference: nil, setting: "alpha",
        values: [0.1], validation: 20, folder: RunFolder(folder.appending("none")), device: .cpu,
        progress: ProgressDisplay(.quiet))
    }
  }
}
