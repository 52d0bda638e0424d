import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite(
  "Gradient explanations and their masks agree with PyTorch",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct ExplanationParityTests {
  @Test(
    "input gradients and the masks of their large components", arguments: ["mlp", "cnn"],
    [
      ("maxProbability", ExplainedScalar.predictedProbability),
      ("sumLogProbabilities", .sumOfLogProbabilities),
    ])
  func gradients(_ name: String, _ kind: (key: String, scalar: ExplainedScalar)) throws {
    let answers = try SafetensorsFile(Reference.file("explanations.safetensors"))
    let key = "\(name).explanation.\(kind.key)"
    let network = try Reference.network("explanations.\(name)")
    let stored = try answers.tensor("\(name).inputs")
    let images = stored.reshaped([stored.shape[0]] + network.inputShape.sizes)
    let question = ExplainedBatch(
      images, labels: try answers.tensor("\(name).labels"), of: try network.frozen(),
      draws: ExampleDraws(Seed(1), examples: Array(0..<stored.shape[0])))
    let found = InputGradient(kind.scalar).explain(question).contributions
    let expected = try answers.tensor(key)
    #expect(relativeError(found.reshaped(expected.shape), expected) < 1e-4)
    for (text, share) in [("0.67", 0.67), ("0.33", 0.33), ("0.10", 0.1)] {
      let large = found.largeComponents(above: share).to(.uint8)
      #expect(large.bytes() == (try answers.tensor("\(key).mask\(text)").bytes()), "\(text)")
    }
  }

  @Test("the union of the masks of two networks")
  func union() throws {
    let answers = try SafetensorsFile(Reference.file("explanations.safetensors"))
    let network = try Reference.network("explanations.mlp")
    let tensors = try network.names.map { ($0, try answers.tensor("mlp.another.weights.\($0)")) }
    let other = try Network(
      network.description, tensors: Dictionary(uniqueKeysWithValues: tensors))
    let stored = try answers.tensor("mlp.inputs")
    let images = stored.reshaped([stored.shape[0]] + network.inputShape.sizes)
    let masks = [network, other].map { network in
      ExplainedScalar.predictedProbability.explanations(
        of: network, at: images, labels: Tensor(labels: [Int](repeating: 0, count: stored.shape[0]))
      ).largeComponents(above: 0.67)
    }
    #expect(
      masks[1].to(.uint8).bytes() == (try answers.tensor("mlp.another.mask").bytes()))
    #expect(
      masks[0].or(masks[1]).to(.uint8).bytes() == (try answers.tensor("mlp.another.union").bytes()))
  }
}
