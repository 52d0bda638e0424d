import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Probes of a model, and the trust checks on them")
struct ModelProbeTests {
  private static let digits = try! SevenSegmentDigits().images(.test, count: 100)
  private static let network = try! Architecture.named("mlp").network(
    input: digits.shape, classNames: digits.classNames, seed: Seed(5))

  /// A classifier whose outputs are those of a network after a change.
  private struct Changed: Classifier {
    let base: Network
    let change: @Sendable (Tensor) -> Tensor
    var inputShape: InputShape { base.inputShape }
    var classCount: Int { base.classCount }
    var valueRange: ClosedRange<Double> { base.valueRange }
    var device: Device { base.device }
    func logits(_ images: Tensor) -> Tensor { change(base.logits(images)) }
  }

  /// The digits with the network's own predictions as labels, so that it classifies all correctly.
  private func data() throws -> LabelledImages {
    try LabelledImages(
      name: "digits", shape: Self.digits.shape, classNames: Self.digits.classNames,
      pixels: Self.digits.pixels.bytes(),
      labels: Self.network.predictions(Self.digits.batch(0..<100).images).int64s())
  }

  private func probe(
    noises: [Double] = [0.3], _ change: @escaping @Sendable (Tensor) -> Tensor = { $0 }
  ) throws -> ModelProbe {
    ModelProbe(
      of: Contestant(
        name: "m", classifier: Changed(base: Self.network, change: change), fingerprint: "m"),
      on: try data(), noises: noises, seed: Seed(1))
  }

  private func flags(_ probe: ModelProbe) -> [String] {
    TrustEvidence(probes: [probe], classCount: 10).flags().map(\.name)
  }

  @Test("A plain network raises no flag, and its probe agrees with direct measurements")
  func plain() throws {
    let probe = try probe()
    #expect(flags(probe) == [])
    #expect(probe.right == [Bool](repeating: true, count: 100))
    #expect(probe.attacked == 64 && probe.rightUnderAttack < 10)
    #expect(
      probe.zeroGradients == 0 && probe.changeWhenRepeated == 0 && probe.changeWhenAlone < 1e-5)
    #expect(
      probe.otherLogProbabilities.count == 900 && probe.otherLogProbabilities.allSatisfy { $0 < 0 })
    let images = Self.digits.batch(0..<1).images
    let gradient = Self.network.inputGradient(at: images) {
      $0.crossEntropy(Self.network.predictions(images)).sum()
    }
    #expect(abs(gradient.square.sum().scalar.squareRoot() - Double(probe.gradientNorms[0])) < 1e-5)
    #expect(probe.nextGradientNorms[0] > probe.gradientNorms[0])
  }

  @Test("A model whose loss underflows in float32 is flagged for its gradients and its robustness")
  func underflow() throws {
    let probe = try probe { $0 * 1e5 }
    #expect(probe.zeroGradients > 0.5)
    #expect(flags(probe).contains(TrustCheck.zeroGradients.name))
    #expect(flags(probe).contains(TrustCheck.standsWithoutBudget.name))
  }

  @Test("Probabilities, randomness and batch statistics each raise their own flag")
  func outputs() throws {
    #expect(flags(try probe { $0.softmax() }).contains(TrustCheck.givesProbabilities.name))
    #expect(try #require(try probe().logitRange) > 0.5)
    #expect(flags(try probe { $0 / 1000 }).contains(TrustCheck.logitsAreClose.name))
    let random = RandomSource(Seed(3))
    let noisy = try probe { $0 + random.normal($0.shape) }
    #expect(flags(noisy).contains(TrustCheck.changesWhenRepeated.name))
    #expect(!flags(noisy).contains(TrustCheck.changesInBatches.name))
    let batched = try probe { $0 - $0.mean([0], keep: true) }
    #expect(flags(batched).contains(TrustCheck.changesInBatches.name))
    #expect(!flags(batched).contains(TrustCheck.changesWhenRepeated.name))
  }

  @Test("An attack is flagged if it changes no more predictions than random sign noise does")
  func noise() throws {
    let probe = try probe(noises: [0.9])
    let spoiled = probe.noises[0].right.count { !$0 }
    #expect(spoiled >= 5)
    func evidence(_ wrong: Int) -> TrustEvidence {
      let predicted = (0..<100).map { $0 < wrong ? 1 : 0 }
      let result = TransferResult(
        attack: "fgsm", source: "m", victims: ["m"], epsilons: [0.9],
        predictions: Tensor(labels: predicted).reshaped([1, 1, 100]),
        clean: Tensor.full(0, shape: [1, 100], type: .int64),
        labels: Tensor(labels: [Int](repeating: 0, count: 100)),
        targets: Tensor.full(-1, shape: [100], type: .int64),
        sizes: Tensor.zeros([1, Norm.allCases.count, 100]), examplesPerImage: 1, cost: AttackCost(),
        computed: [])
      let plan = AttackPlan(
        name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: [0.9])
      return TrustEvidence(results: [result], plans: [plan], probes: [probe], classCount: 10)
    }
    #expect(evidence(0).flags().map(\.name) == [TrustCheck.noiseDoesAsWell.name])
    #expect(evidence(spoiled + 1).flags().map(\.name) == [])
  }

  @Test("A stored probe is read back unchanged, including NaN, and only for its own request")
  func stored() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("m.json")
    for probe in [try probe(), try probe { $0 * .nan }] {
      try ProbeFile.write(probe, request: "r", to: place)
      let read = try #require(ProbeFile.read(place, request: "r"))
      #expect("\(read)" == "\(probe)")
      #expect(ProbeFile.read(place, request: "s") == nil)
    }
    try Data("{".utf8).write(to: place)
    #expect(ProbeFile.read(place, request: "r") == nil)
  }

  /// A classifier of rows of two features whose logits are the doubled features.
  private struct DoubledRows: Classifier {
    let inputShape = InputShape(features: 2)
    let classCount = 2
    let valueRange = 0.0...1.0
    let device = Device.cpu
    func logits(_ images: Tensor) -> Tensor { images * 2 }
  }

  @Test("Rows of a table are attacked without gradients, too")
  func rowsWithoutGradients() throws {
    let rows = RandomSource(Seed(1)).uniform([64, 2])
    let data = try LabelledImages(
      name: "rows", classNames: ["a", "b"], pixels: rows, labels: rows.argmax(1).int64s())
    let hidden = Computed(like: DoubledRows()) { $0.detached * 2 + $0 * 0 }
    let probe = ModelProbe(
      of: Contestant(name: "m", classifier: hidden, fingerprint: "m"), on: data, noises: [],
      seed: Seed(1))
    let names = probe.findings(classCount: 2).map(\.flag.name)
    #expect(names.contains(TrustCheck.gradientFreeWins.name))
    #expect(try #require(probe.contests[0].withoutGradient).count == 64)
  }

  @Test("Gradients at rows of a table are stored and read back")
  func rows() throws {
    let data = try LabelledImages(
      name: "rows", classNames: ["a", "b"],
      pixels: Tensor([0, 0.25, 0.5, 1] as [Float], shape: [2, 2]),
      labels: [0, 1])
    let model = Contestant(name: "m", classifier: DoubledRows(), fingerprint: "m")
    let folder = TemporaryFolder()
    let place = folder.appending("gradients.safetensors")
    let gradients = GradientPictures(of: model, on: data)
    try gradients.write(request: "r", to: place)
    let read = try #require(GradientPictures(place, request: "r"))
    #expect(read.gradients.shape == [2, 2] && read.labels == [0, 1])
    #expect(read.gradients.floats() == gradients.gradients.floats())
  }
}
