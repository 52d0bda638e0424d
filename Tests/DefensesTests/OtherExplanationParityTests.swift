import Datasets
import Explanations
import TestSupport
import Testing

@testable import Defenses
@testable import ModelCore

@Suite(
  "The search for other explanations agrees with PyTorch",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct OtherExplanationParityTests {
  /// The second network of the reference, which differs from the first in its weights.
  private func second(_ reference: ExplanationReference) throws -> Network {
    let names = reference.network.names
    let tensors = try names.map { ($0, try reference.tensor("another.weights.\($0)")) }
    return try Network(
      reference.network.description, tensors: Dictionary(uniqueKeysWithValues: tensors))
  }

  private func relativeDistance(_ found: Tensor, _ expected: Tensor) -> Double {
    let scale = expected.to(.float64).square.sum().squareRoot.scalar
    return (found.to(.float64) - expected.to(.float64)).square.sum().squareRoot.scalar / scale
  }

  private func isEqual(_ found: Tensor, _ expected: Tensor) -> Bool {
    let (bytes, other) = (found.flattened.to(.uint8), expected.flattened.to(.uint8))
    return bytes.shape == other.shape && bytes.equals(other).all().isTrue
  }

  @Test("the gradient of the log-odds has the large components of that of the probability")
  func masks() throws {
    let reference = try ExplanationReference("mlp")
    let images = try reference.images("inputs")
    for (share, name) in [(0.67, "mask0.67"), (0.33, "mask0.33"), (0.10, "mask0.10")] {
      let found = reference.network.reasons(at: images, above: share)
      #expect(
        isEqual(found, try reference.tensor("explanation.maxProbability.\(name)")), "\(name)")
    }
  }

  @Test("the explanation, the mask and the union of a second network")
  func union() throws {
    let reference = try ExplanationReference("mlp")
    let images = try reference.images("inputs")
    let labels = try reference.tensor("labels")
    let other = try second(reference)
    let explanation = ExplainedScalar.predictedProbability.explanations(
      of: other, at: images, labels: labels)
    let expected = try reference.tensor("another.explanation")
    #expect(relativeDistance(explanation.flattened, expected) < 1e-5)
    let mask = other.reasons(at: images, above: 0.67)
    #expect(isEqual(mask, try reference.tensor("another.mask")))
    let both = reference.network.reasons(at: images, above: 0.67).or(mask)
    #expect(isEqual(both, try reference.tensor("another.union")))
  }

  @Test("the similarity of two networks that are trained together, and its gradients")
  func similarity() throws {
    let reference = try ExplanationReference("mlp")
    let networks = [reference.network, try second(reference)]
    let batch = try reference.batch()
    let steps = networks.map { TrainingStep($0, batch, .evaluation) }
    let gradients = steps.map { $0.inputGradient { $0.logSoftmax().sum([1]) } }
    let each = GradientSimilarity.squaredCosines(gradients[0], gradients[1])
    #expect(
      relativeDistance(each.detached, try reference.tensor("similarity.perExample")) < 1e-5)
    let fits = steps.map { CrossEntropy().terms($0).total }
    let loss =
      fits[0] + fits[1]
      + GradientSimilarity.penalty(gradients) * (try reference.setting("similarity.lambda"))
    #expect(relativeDistance(loss.detached, try reference.tensor("similarity.loss")) < 1e-5)
    let slopes = loss.gradients(of: networks.flatMap(\.learned))
    let count = networks[0].learned.count
    for (place, network) in networks.enumerated() {
      let own = slopes[place * count..<(place + 1) * count]
      for (name, found) in zip(network.learnedNames, own) {
        let key = "similarity.grad.\(place == 0 ? "first" : "second").\(name)"
        #expect(relativeDistance(found, try reference.tensor(key)) < 1e-4, "\(key)")
      }
    }
    #expect(
      try reference.setting("similarity.epsilon") == Double(Float(GradientSimilarity.stabiliser)))
  }
}
