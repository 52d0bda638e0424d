import Attacks
import Datasets
import Defenses
import ModelCore
import TestSupport
import Testing

@Suite(
  "Objectives agree with PyTorch",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct ObjectiveParityTests {
  static let names = [
    "crossEntropy", "doubleBackprop.lambda10", "certaintyInsensitivity.lambda10", "l1.lambda0.1",
    "rightReasons.lambda1.leftHalf", "adversarialTraining.fgsm0.3", "distillation.T50",
  ]

  private func objective(_ name: String) throws -> any Objective {
    switch name {
    case "doubleBackprop.lambda10": GradientRegularization(.doubleBackpropagation, lambda: 10)
    case "certaintyInsensitivity.lambda10":
      GradientRegularization(.certaintyInsensitivity, lambda: 10)
    case "l1.lambda0.1": GradientRegularization(.l1, lambda: 0.1)
    case "rightReasons.lambda1.leftHalf": RightForTheRightReasons(lambda: 1)
    case "adversarialTraining.fgsm0.3": AdversarialTraining(InnerAttack(epsilon: 0.3))
    case "distillation.T50": SoftLabels(of: try Reference.network("fastat"), temperature: 50)
    default: CrossEntropy()
    }
  }

  @Test(
    "the value and the gradient of each parameter agree", arguments: ["evaluation", "training"],
    names)
  func values(_ mode: String, _ name: String) throws {
    let objective = try objective(name)
    let answers = try SafetensorsFile(Reference.file("smallbn.objectives.safetensors"))
    let network = try Reference.network("smallbn")
    let pass = mode == "training" ? Pass.training(dropout: nil) : .evaluation
    let images = try answers.tensor("images")
    let masks =
      name.hasSuffix("leftHalf")
      ? try answers.tensor("mask").expanded(images.shape).contiguous : nil
    let annotations = Annotations(labels: try answers.tensor("labels"), masks: masks)
    let step = TrainingStep(network, Batch(images: images, annotations: annotations), pass)
    let loss = ObjectiveSum([(objective, 1)]).terms(step).total
    #expect(relativeError(loss.detached, try answers.tensor("\(mode).\(name).loss")) < 1e-4)
    let gradients = Dictionary(
      uniqueKeysWithValues: zip(network.learnedNames, loss.gradients(of: network.learned)))
    for (parameter, gradient) in gradients {
      let expected = try answers.tensor("\(mode).\(name).grad.\(parameter)")
      let error = relativeError(gradient, expected)
      #expect(error < 1e-4 || isNoise(parameter, expected, gradients), "\(parameter): \(error)")
    }
  }

  /// Whether a gradient is only rounding noise. A bias before batch normalisation has no effect in
  /// training behaviour, so its gradient is noise around zero, small compared with the gradient of
  /// the layer's weight.
  private func isNoise(_ parameter: String, _ expected: Tensor, _ gradients: [String: Tensor])
    -> Bool
  {
    guard parameter.hasSuffix(".bias"), let layer = gradients[parameter.dropLast(4) + "weight"]
    else { return false }
    let limit = layer.absolute.max().scalar * 2e-4
    return expected.absolute.max().scalar < limit
      && gradients[parameter]!.absolute.max().scalar < limit
  }
}
