import Attacks
import ModelCore
import TestSupport
import Testing

@Suite(
  "Gradient sign attacks agree with torchattacks",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct GradientSignParityTests {
  @Test(arguments: ["fastat", "smallbn"], [0.05, 0.1, 0.2, 0.3])
  func oneStep(_ model: String, _ epsilon: Double) throws {
    let answers = try SafetensorsFile(Reference.file("\(model).attacks.safetensors"))
    let images = try answers.tensor("images")
    let labels = try answers.tensor("labels")
    let cases: [(String, any Attack, Goal)] = [
      ("fgsm", FastGradientSign(), .away(from: labels)),
      ("tgsm", TargetedGradientSign(), .towards(try answers.tensor("targets"))),
    ]
    for classifier in [try Reference.network(model), try Reference.network(model).frozen()] {
      for (name, attack, goal) in cases {
        let expected = try answers.tensor("\(name).\(epsilon)")
        let found = attack.sweep(
          images, goal, epsilons: [epsilon], against: classifier, draws: .of(images, 0))[0]
        #expect(agreement(found, expected) >= 0.995)
        let right = { (x: Tensor) in
          classifier.predictions(x).equals(labels).to(.float32).sum().scalar
        }
        #expect(abs(right(found) - right(expected)) <= 1)
      }
    }
  }
}
