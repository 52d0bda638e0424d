import Attacks
import Defenses
import ModelCore
import TestSupport
import Testing

@Suite("Objectives agree with PyTorch", .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct ObjectiveParityTests {
  static let objectives: [(String, any Objective)] = [
    ("crossEntropy", CrossEntropy()),
    ("doubleBackprop.lambda10", GradientRegularization(.doubleBackpropagation, lambda: 10)),
    ("certaintyInsensitivity.lambda10", GradientRegularization(.certaintyInsensitivity, lambda: 10)),
    ("l1.lambda0.1", GradientRegularization(.l1, lambda: 0.1)),
    ("rightReasons.lambda1.leftHalf", GradientRegularization(.sumOfLogProbabilities, lambda: 1)),
    ("adversarialTraining.fgsm0.3", AdversarialTraining(epsilon: 0.3)),
  ]

  @Test("value and every parameter's gradient", arguments: ["evaluation", "training"], objectives.indices)
  func values(_ mode: String, _ index: Int) throws {
    let (name, objective) = Self.objectives[index]
    let answers = try SafetensorsFile(Reference.file("smallbn.objectives.safetensors"))
    let network = try Reference.network("smallbn")
    let pass = mode == "training" ? Pass.training(random: nil) : .evaluation
    let mask = name.hasSuffix("leftHalf") ? try answers.tensor("mask") : nil
    let step = TrainingStep(
      network, try answers.tensor("images"), try answers.tensor("labels"), pass, mask: mask)
    let loss = objective.terms(step).total
    #expect(relativeError(loss.detached, try answers.tensor("\(mode).\(name).loss")) < 1e-4)
    let gradients = Dictionary(uniqueKeysWithValues: zip(network.learnedNames, loss.gradients(of: network.learned)))
    for (parameter, gradient) in gradients {
      let expected = try answers.tensor("\(mode).\(name).grad.\(parameter)")
      let error = relativeError(gradient, expected)
      #expect(error < 1e-4 || isNoise(parameter, expected, gradients), "\(parameter): \(error)")
    }
  }

  /// A bias before batch normalisation in training has no effect, so that its gradient is rounding noise around zero: it is
  /// nothing beside the gradient of its layer's weight.
  private func isNoise(_ parameter: String, _ expected: Tensor, _ gradients: [String: Tensor]) -> Bool {
    guard parameter.hasSuffix(".bias"), let layer = gradients[parameter.dropLast(4) + "weight"] else { return false }
    let limit = layer.absolute.max().scalar * 2e-4
    return expected.absolute.max().scalar < limit && gradients[parameter]!.absolute.max().scalar < limit
  }
}
