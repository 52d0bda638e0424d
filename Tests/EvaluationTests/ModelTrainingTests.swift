import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The training of a model that is written to a file")
struct ModelTrainingTests {
  private let folder = TemporaryFolder()
  private static let images = try! SevenSegmentDigits().images(.train, count: 96)
  private var student: URL { folder.appending("m.safetensors") }
  private var teacher: URL { folder.appending("m.teacher.safetensors") }

  private func training(_ defense: any Defense, epochs: Int = 1) throws -> ModelTraining {
    ModelTraining(
      name: "m",
      plan: TrainingPlan(
        architecture: try Architecture.named("small"), defense: defense,
        settings: TrainingSettings(epochs: epochs, batchSize: 32, seed: Seed(5))),
      training: Self.images, test: nil, device: .cpu, progress: ProgressDisplay(.quiet))
  }

  private func changed(_ url: URL) throws -> Date {
    try #require(FileManager.default.attributesOfItem(atPath: url.path)[.modificationDate] as? Date)
  }

  @Test("distillation trains a teacher beside the model, with the same plan and a seed of its own")
  func teacherBeside() throws {
    let made = try training(Distillation(temperature: 20)).run(into: student)
    let kept = try ModelFile(teacher)
    #expect(kept.training?.defense == "distillation-teacher(temperature=20.0)")
    #expect(kept.training?.epochs == 1)
    #expect(made.training?.defense == "distillation(temperature=20.0)")
    #expect(kept.training?.seed != made.training?.seed)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
    #expect(
      files == [
        "m.history.jsonl", "m.safetensors", "m.teacher.history.jsonl", "m.teacher.safetensors",
      ])

    let start = try training(PlainTraining(), epochs: 1)
    #expect(start.request != (try training(Distillation())).request)
  }

  @Test("a training of an earlier version, with names in camel case, is still the same request")
  func formerRequest() throws {
    #expect(
      try training(AdversarialTraining()).request
        == "af0cf3116e840f5c7ceb614e5995a4ee9ed0375bd199a8e0399eadae59a66e85")
  }

  @Test("an interrupted distillation keeps its teacher and ends with the same student")
  func resumed() throws {
    let whole = try training(Distillation()).run(into: student).network.fingerprint
    // As if the training had been stopped after the teacher.
    try FileManager.default.removeItem(at: student)
    let before = try changed(teacher)
    #expect(try training(Distillation()).run(into: student).network.fingerprint == whole)
    #expect(try changed(teacher) == before)

    // As if the training had been stopped before the teacher was finished.
    try FileManager.default.removeItem(at: student)
    try FileManager.default.removeItem(at: teacher)
    #expect(try training(Distillation()).run(into: student).network.fingerprint == whole)
  }

  @Test("a teacher of another request is trained again")
  func otherTeacher() throws {
    _ = try training(Distillation(temperature: 20)).run(into: student)
    let first = try ModelFile(teacher).network.fingerprint
    _ = try training(Distillation(temperature: 50)).run(into: student)
    #expect(try ModelFile(teacher).network.fingerprint != first)
  }

  @Test(
    "the request depends on the defenses of a sum, their weights, and the files that they name"
  )
  func requests() throws {
    func request(_ members: [DefenseSum.Member]) throws -> String {
      let plan = TrainingPlan(
        architecture: try Architecture.named("small"), defense: DefenseSum(members),
        settings: TrainingSettings(epochs: 1, seed: Seed(5)))
      return ModelTraining(
        name: "m", plan: plan, training: Self.images, test: nil, device: .cpu,
        progress: ProgressDisplay(.quiet)
      ).request
    }
    func distillation(_ seed: UInt64) throws -> Distillation {
      let network = try Architecture.named("small").network(
        input: Self.images.shape, classNames: Self.images.classNames, seed: Seed(seed))
      try ModelFile.write(network, training: nil, to: teacher)
      let entry = Settings.Entry(name: "teacher", value: .scalar(teacher.path), place: "run.yaml:1")
      return try Distillation(Settings([entry], place: "run.yaml"))
    }
    let requests = try [
      request([.init(LabelSmoothing())]), request([.init(LabelSmoothing(), weight: 0.5)]),
      request([.init(LabelSmoothing()), .init(GradientRegularization())]),
      request([.init(GradientRegularization()), .init(LabelSmoothing())]),
      request([.init(distillation(1))]), request([.init(distillation(2))]),
    ]
    #expect(Set(requests).count == requests.count)
  }
}
