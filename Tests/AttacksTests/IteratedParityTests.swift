import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite(
  "Iterated gradient attacks agree with torchattacks and the papers' loops",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct IteratedParityTests {
  struct Case: CustomStringConvertible, Sendable {
    let answer: String
    let attack: any Attack
    let epsilon: Double
    var isTargeted = false
    var description: String { answer }
  }

  static let cases = [
    Case(answer: "ifgsm.0.05.steps5", attack: IteratedFastGradientSign(steps: 5), epsilon: 0.05),
    Case(
      answer: "itgsm.0.05.steps10", attack: IteratedTargetedGradientSign(steps: 10), epsilon: 0.05,
      isTargeted: true),
    Case(
      answer: "bim.0.3.alpha0.02.steps20",
      attack: BasicIterativeMethod(StepSchedule(steps: 20, alpha: 0.02)), epsilon: 0.3),
    Case(
      answer: "pgd.linf.0.3.alpha0.01.steps40",
      attack: ProjectedGradientDescent(StepSchedule(steps: 40, alpha: 0.01), start: .original),
      epsilon: 0.3),
    Case(
      answer: "pgd.linf.targeted.0.3.alpha0.01.steps40",
      attack: ProjectedGradientDescent(StepSchedule(steps: 40, alpha: 0.01), start: .original),
      epsilon: 0.3,
      isTargeted: true),
    Case(
      answer: "pgd.l2.2.0.alpha0.2.steps40",
      attack: ProjectedGradientDescent(
        norm: .l2, StepSchedule(steps: 40, alpha: 0.2), start: .original), epsilon: 2),
    Case(
      answer: "mifgsm.0.3.alpha0.03.steps10.decay1",
      attack: MomentumIterativeMethod(StepSchedule(steps: 10, alpha: 0.03)),
      epsilon: 0.3),
  ]

  /// Steps along signs are equal or not; lengths of ℓ2 steps carry rounding on, which shows in the
  /// third decimal.
  private func share(_ found: Tensor, _ expected: Tensor, _ norm: Norm) -> Double {
    let limit = norm == .linf ? 1e-5 : 1e-2
    return (found - expected).absolute.isAtMost(limit).to(.float32).mean().scalar
  }

  /// The probability that a classifier gives each image's target, `[N]`.
  private func probabilities(_ images: Tensor, _ targets: Tensor, _ classifier: any Classifier)
    -> Tensor
  {
    withoutGradients { (-classifier.logits(images).crossEntropy(targets)).exponential }
  }

  /// A frozen network computes the same function with other roundings. Where two pixels of a
  /// pooling window tie to the last bit, its gradient may take the other one, and an image's path
  /// differs from there on: two of the 64 images do.
  @Test("images and accuracy agree", arguments: ["fastat", "smallbn"], cases)
  func agrees(_ model: String, _ test: Case) throws {
    let answers = try SafetensorsFile(Reference.file("\(model).attacks.safetensors"))
    let images = try answers.tensor("images")
    let labels = try answers.tensor("labels")
    let expected = try answers.tensor(test.answer)
    let goal: Goal =
      test.isTargeted ? .towards(try answers.tensor("targets"), from: labels) : .away(from: labels)
    let trained = try Reference.network(model)
    for (classifier, limit) in [(trained, 0.98), (try trained.frozen(), 0.97)] {
      let threat = test.attack.threat(test.epsilon, against: classifier)
      let found = test.attack.perturb(
        images, goal, within: threat, against: classifier, draws: .of(images, 0))
      try Perturbation.check(found, of: images, within: threat, attack: test.answer)
      // Near a probability of 1 for the target, p − 1 has lost its digits, and the gradient with it:
      // the signs depend on how a processor rounds. Such images only have to reach the target.
      var isCompared = Tensor.ones([images.shape[0]], type: .bool)
      if let targets = goal.targets {
        isCompared = probabilities(expected, targets, classifier).isAtMost(0.999)
        let reached = probabilities(found, targets, classifier).rows(where: isCompared.inverted)
        #expect(reached.isAtLeast(0.99).all().isTrue)
      }
      if isCompared.any().isTrue {
        let (ours, theirs) = (found.rows(where: isCompared), expected.rows(where: isCompared))
        #expect(share(ours, theirs, test.attack.norm) >= limit)
      }
      let right = { (x: Tensor) in
        classifier.predictions(x).equals(labels).to(.float32).sum().scalar
      }
      #expect(abs(right(found) - right(expected)) <= 1)
    }
  }
}
