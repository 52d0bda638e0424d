import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The choice of a setting of a defense")
struct TuningTests {
  private let folder = TemporaryFolder()

  private func cells(_ victim: String, _ correct: [Int]) -> [GridCell] {
    zip([0] + Tuning.epsilons, correct).map {
      GridCell(
        attack: "fgsm", epsilon: $0, source: "plain", victim: victim, examples: 100, correct: $1)
    }
  }

  /// The undefended model classifies 96 of 100 clean images correctly, so a candidate must classify
  /// at least 0.97 · 96 = 93.12 correctly.
  private func tuning(_ candidates: [(Double, [Int])]) -> Tuning {
    Tuning(
      experiment: "e", model: "m", setting: "lambda", reference: "plain",
      referenceCells: cells("plain", [96, 60, 20, 5]),
      candidates: candidates.map { .init(value: $0, cells: cells("v", $1)) })
  }

  @Test(
    "of the candidates with 97 % of the clean accuracy, the one with the best black-box mean wins"
  )
  func rule() {
    let tuning = tuning([
      (100, [93, 95, 95, 95]),  // not accurate enough
      (1, [96, 80, 50, 20]), (10, [94, 90, 70, 50]), (30, [94, 91, 70, 49]),
    ])
    #expect(tuning.candidates.map(\.value) == [1, 10, 30, 100])
    #expect(tuning.candidates.map(tuning.isAdmissible) == [true, true, true, false])
    // Of two candidates with equal means, the smaller value is chosen.
    #expect(tuning.chosen?.value == 10)
    #expect(abs(tuning.leastClean - 0.9312) < 1e-12)
    #expect(self.tuning([(1, [93, 99, 99, 99])]).chosen == nil)
  }

  @Test("the table has the accuracies of every value")
  func table() {
    let lines = tuning([(0.5, [95, 90, 60, 30]), (2, [50, 99, 99, 99])]).csv().split(
      separator: "\n")
    #expect(lines[0] == "value,clean,fgsm_0.1,fgsm_0.2,fgsm_0.3,black_box,admissible,chosen")
    #expect(lines[1] == "0.5,0.95,0.9,0.6,0.3,0.6,true,true")
    #expect(lines[2] == "2,0.5,0.99,0.99,0.99,0.99,false,false")
  }

  @Test("by the worst group, the mean decides among equals, and then the smaller value")
  func worstGroup() {
    func candidate(_ value: Double, _ correct: [Int]) -> Tuning.Candidate {
      .init(
        value: value, cells: Array(cells("v", [correct.reduce(0, +)]).prefix(1)),
        byGroup: GroupAccuracies(
          correct.enumerated().map { GroupAccuracy(group: $0, examples: 50, correct: $1) }))
    }
    func chosen(_ candidates: [Tuning.Candidate]) -> Double? {
      Tuning(
        experiment: "e", model: "m", setting: "lambda", rule: .worstGroup, reference: "",
        referenceCells: [], candidates: candidates
      ).chosen?.value
    }
    // The most accurate model has the worst group, and is not chosen.
    #expect(
      chosen([candidate(1, [50, 10]), candidate(2, [25, 20]), candidate(3, [30, 19])]) == 2)
    #expect(chosen([candidate(1, [25, 20]), candidate(2, [30, 20])]) == 2)
    #expect(chosen([candidate(2, [25, 20]), candidate(1, [20, 25])]) == 1)
  }

  private static let text = """
    name: tiny
    seed: 3
    data: { name: synthetic, train: 300, test: 20 }
    models:
      plain: { architecture: small, epochs: 1 }
      smooth: { architecture: small, epochs: 1, defense: { label-smoothing: { alpha: 0.1 } } }
    attacks: { fgsm: { epsilons: [0] } }
    """

  private func run(_ values: [Double], setting: String = "alpha", model: String = "smooth") throws
    -> Tuning
  {
    try TuningRun(
      Experiment(.yaml(Self.text, file: "tiny.yaml")), model: model, reference: "plain",
      setting: setting,
      values: values, validation: 100, folder: RunFolder(folder.appending("tuned")), device: .cpu,
      progress: ProgressDisplay(.quiet)
    ).run()
  }

  @Test(
    "held-out images are not trained on, finished models are kept, and results are reproducible"
  )
  func resumed() throws {
    let first = try run([0.2, 0.1])
    #expect(first.candidates.map(\.value) == [0.1, 0.2])
    #expect(first.candidates.allSatisfy { $0.cells.map(\.examples) == [100, 100, 100, 100] })
    let model = folder.appending("tuned/models/alpha-0.1.safetensors")
    let record = try #require(try ModelFile(model).training)
    #expect(record.defense == "label-smoothing(alpha=0.1)")
    let made = try Data(contentsOf: model)
    let time = {
      try FileManager.default.attributesOfItem(atPath: model.path)[.modificationDate] as? Date
    }
    let before = try time()
    let results = try Data(contentsOf: folder.appending("tuned/tuning.json"))
    try FileManager.default.removeItem(at: folder.appending("tuned/models/alpha-0.2.safetensors"))
    #expect(try run([0.1, 0.2]) == first)
    #expect(try time() == before && Data(contentsOf: model) == made)
    #expect(try Data(contentsOf: folder.appending("tuned/tuning.json")) == results)
    #expect(try run([0.1, 0.2, 0.3]).candidates.prefix(2) == first.candidates[...])
  }

  @Test("an unknown setting and an unknown model are refused with the nearest name")
  func refused() {
    let wrong = #expect(throws: Failure.self) { try run([1], setting: "alfa") }
    #expect(wrong?.kind == .usage && wrong?.hint?.contains("alpha") == true)
    let missing = #expect(throws: Failure.self) { try run([1], model: "smoth") }
    #expect(missing?.kind == .usage && missing?.hint?.contains("smooth") == true)
    #expect(throws: Failure.self) { try run([7]) }
  }

  @Test(
    "held-out images and the rest are the whole set, and the same images are held out every time")
  func split() throws {
    let images = try SevenSegmentDigits().images(.train, count: 50)
    let (rest, heldOut) = try ModelTraining.split(images, 20)
    #expect(rest.count == 30 && heldOut.count == 20)
    let again = try ModelTraining.split(images, 20).heldOut
    #expect(again.fingerprint == heldOut.fingerprint)
    let sums = { (set: LabelledImages) in set.batch(0..<set.count).images.sum([1, 2, 3]).floats() }
    #expect((sums(rest) + sums(heldOut)).sorted() == sums(images).sorted())
    #expect(throws: Failure.self) { try ModelTraining.split(images, 49) }
  }
}
