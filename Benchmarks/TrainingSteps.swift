import Attacks
import Datasets
import Defenses
import ModelCore
import Support

/// Repeats a training step on one batch: forward pass, gradients, Adam.
final class RepeatedStep {
  private let network: Network
  private let batch: Batch
  private let objective: any Objective
  private let optimizer: Optimizer
  private var steps = 0

  convenience init(
    _ network: Network, _ images: Tensor, _ labels: Tensor, for objective: any Objective
  ) {
    self.init(network, Batch(images: images, labels: labels), for: objective)
  }

  init(_ network: Network, _ batch: Batch, for objective: any Objective) {
    self.network = network
    self.batch = batch
    // An objective that is only a penalty ignores the labels. `ObjectiveSum` adds the
    // cross-entropy.
    self.objective = ObjectiveSum([(objective, 1)])
    optimizer = Optimizer(.adam(rate: 1e-4), for: network)
  }

  /// A new training step on the batch. Each one has its own dropout masks.
  private func next() -> TrainingStep {
    steps += 1
    return TrainingStep(
      network, batch, .training(dropout: Seed(3).derive("step \(steps)")), seed: Seed(4))
  }

  func run() {
    optimizer.step(objective.terms(next()).total.gradients(of: network.learned))
  }

  /// A forward pass in training.
  func forward() { _ = next().logits }

  /// A forward pass in training, and a backward pass to the images.
  func inputGradient() {
    _ = next().fixedInputGradient { $0.crossEntropy(batch.labels) }
  }

  /// The accuracy on the batch.
  var accuracy: Double {
    network.predictions(batch.images).equals(batch.labels).to(.float64).mean().scalar
  }
}

/// Prints the time of a training step with a defense, relative to that of a plain step.
func measureTrainingSteps() throws {
  let batch = 256
  let shape = InputShape(channels: 1, height: 28, width: 28)
  let random = RandomSource(Seed(2))
  let images = random.uniform([batch] + shape.sizes)
  let labels = random.integers(below: 10, [batch])
  func step(_ objective: any Objective) throws -> RepeatedStep {
    let network = try Architecture.named("cnn").network(
      input: shape, classNames: (0..<10).map(String.init), seed: Seed(1))
    return RepeatedStep(network, images, labels, for: objective)
  }
  let plain = try step(CrossEntropy())
  let doubled = try step(GradientRegularization(.doubleBackpropagation, lambda: 100))
  let adversarial = try step(AdversarialTraining())
  let times = Stopwatch.interleaved(
    11,
    [
      { plain.run() }, { doubled.run() }, { adversarial.run() }, { plain.forward() },
      { plain.inputGradient() },
    ])
  // The clean and the adversarial images each take the passes of a plain step, and the adversarial
  // images also take an input gradient, whose time is that of times[4] − times[3].
  let parts = 2 + (times[4] - times[3]) / times[0]
  for (name, time, limit, remark) in [
    ("double backpropagation : plain step", times[1], 3.5, ""),
    (
      "adversarial training, FGSM : plain step", times[2], 2.2,
      "; two steps and an input gradient are \(decimals(parts))"
    ),
  ] {
    let ratio = time / times[0]
    let verdict = ratio <= limit ? "at most \(limit)" : "MISSED: at most \(limit)"
    line(
      name, "\(decimals(ratio)) : 1",
      "\(decimals(time * 1e3, 0)) : \(decimals(times[0] * 1e3, 0)) ms; \(verdict)\(remark)")
  }
}
