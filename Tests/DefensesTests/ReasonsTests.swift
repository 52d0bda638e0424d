import Datasets
import Support
import TestSupport
import Testing

@testable import Defenses
@testable import ModelCore

@Suite("The reasons of a classifier, and how similar explanations are")
struct ReasonsTests {
  /// A network of three classes with the logits W·x.
  private func linear(_ weights: [Float], features: Int = 4) throws -> Network {
    let classes = (0..<weights.count / features).map(String.init)
    let description = try NetworkDescription(
      input: InputShape(features: features),
      layers: LayerList(["linear \(classes.count) bias off"]),
      classNames: classes, valueRange: -1...1)
    return try Network(
      description, tensors: ["0.weight": Tensor(weights, shape: [classes.count, features])])
  }

  private let rows = Tensor([0.5, -0.25, 0.125, 1, -1, 0.5, 0.25, -0.5] as [Float], shape: [2, 4])

  @Test("a constant gradient has the same large components for every example")
  func constant() throws {
    let network = try linear([0, 0, 0, 0, 1, 0.6, -0.8, 0.1])
    let found = network.reasons(at: rows, above: 0.67)
    #expect(found.type == .bool && found.shape == [2, 4])
    #expect(found.to(.int64).int64s() == [1, 0, 1, 0, 1, 0, 1, 0])
    #expect(
      network.reasons(at: rows, above: 0.5).to(.int64).int64s() == [1, 1, 1, 0, 1, 1, 1, 0])
  }

  @Test("a classifier whose gradient is zero or not a number has no reasons")
  func noGradient() throws {
    for weight in [0, Float.nan] {
      let network = try linear([Float](repeating: weight, count: 8))
      #expect(!network.reasons(at: rows, above: 0.67).any().isTrue)
    }
  }

  @Test("the log-odds of the predicted class are log p − log(1 − p)")
  func logOdds() {
    let logits = Tensor([1, 2, -1, 0.5, 0.25, 3] as [Float], shape: [2, 3])
    let largest = logits.softmax().max([1]).to(.float64)
    let expected = largest.logarithm - (1 - largest).logarithm
    #expect(relativeError(logits.predictedLogOdds, expected) < 1e-5)
  }

  @Test("where the probability rounds to 1, the log-odds still have the true gradient")
  func saturated() throws {
    // Both classes pull at different features: the true gradient of p is p(1 − p)(w₁ − w₀).
    let network = try linear([1000, 0, 0, 0, 0, 2000, 0, 0])
    let row = Tensor([0, 1, 0, 0] as [Float], shape: [1, 4])
    #expect(network.logits(row).softmax().max([1]).scalar == 1)
    #expect(network.predictionGradients(at: row).floats() == [-1000, 2000, 0, 0])
  }

  @Test("reasons do not depend on the batch that an example is in")
  func batches() {
    let network = TinyTraining.network()
    let images = TinyTraining.data.batch(0..<20).images
    let whole = network.reasons(at: images, above: 0.67).to(.uint8).bytes()
    let parts = [0, 7].flatMap {
      network.reasons(at: images.narrow(0, $0, $0 == 0 ? 7 : 13), above: 0.67).to(.uint8).bytes()
    }
    #expect(whole == parts && whole.contains(1) && whole.contains(0))
  }

  @Test("the similarity is 1 in the same or opposite direction, and 0 for orthogonal gradients")
  func similarity() {
    let v = Tensor([3, 4, 0, 0, 0, 1] as [Float], shape: [2, 3])
    func cosines(_ other: Tensor) -> [Float] {
      GradientSimilarity.squaredCosines(v, other).floats()
    }
    #expect(cosines(v).allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(cosines(v * -2).allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(cosines(Tensor([4, -3, 7, 1, 0, 0] as [Float], shape: [2, 3])) == [0, 0])
    #expect(cosines(v * 0) == [0, 0])
  }

  @Test("the penalty of three networks counts each pair once")
  func pairs() {
    let v = Tensor([1, 0] as [Float], shape: [1, 2])
    let w = Tensor([0, 1] as [Float], shape: [1, 2])
    #expect(abs(GradientSimilarity.penalty([v, v, w]).scalar - 1) < 1e-5)
    #expect(abs(GradientSimilarity.penalty([v, v, v]).scalar - 3) < 1e-5)
  }

  @Test(
    "networks that are trained together get less similar the larger λ is, and learn all the same")
  func together() throws {
    func train(_ lambda: Double) throws -> (similarity: Double, accuracy: Double) {
      let networks = [TinyTraining.network(seed: 1), TinyTraining.network(seed: 2)]
      let histories = try SimultaneousTrainer(
        TinyTraining.settings(epochs: 6), objectives: [CrossEntropy(), CrossEntropy()],
        lambda: lambda
      ).train(networks, on: TinyTraining.data, title: "test")
      let last = histories.map { $0[5] }
      return (last[0].terms["similarity"] ?? -1, min(last[0].accuracy, last[1].accuracy))
    }
    let (free, tied) = (try train(0), try train(10))
    #expect(tied.similarity < free.similarity / 2, "\(free) \(tied)")
    #expect(tied.accuracy > 0.75, "\(tied)")
  }

  @Test("a training of several networks that continues from its checkpoint gives the same weights")
  func continues() throws {
    let folder = TemporaryFolder()
    let file = folder.appending("joint.safetensors")
    func train(_ epochs: Int, _ checkpoint: SimultaneousCheckpoint?) throws -> [Network] {
      let networks = [TinyTraining.network(seed: 1), TinyTraining.network(seed: 2)]
      _ = try SimultaneousTrainer(
        TinyTraining.settings(epochs: epochs), objectives: [CrossEntropy(), CrossEntropy()],
        lambda: 1, checkpoint: checkpoint
      ).train(networks, on: TinyTraining.data, title: "test")
      return networks
    }
    let whole = try train(3, nil)
    let checkpoint = SimultaneousCheckpoint(file, request: "r")
    _ = try train(1, checkpoint)
    let continued = try train(3, checkpoint)
    for (one, other) in zip(whole, continued) { #expect(one.fingerprint == other.fingerprint) }
    // A checkpoint of another request is not continued.
    _ = try train(1, checkpoint)
    let other = try train(3, SimultaneousCheckpoint(file, request: "other"))
    #expect(other[0].fingerprint == whole[0].fingerprint)
  }
}
