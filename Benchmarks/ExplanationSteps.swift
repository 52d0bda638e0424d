import Datasets
import Defenses
import ModelCore
import Support

/// A defense that constrains explanations, as the registry knows it, and how many plain steps one of
/// its training steps may take.
private struct ExplanationCase {
  let defense: String
  let settings: [(name: String, value: String)]
  let title: String
  let limit: Double

  static let all = [
    ExplanationCase(
      defense: "rrr", settings: [("lambda", "1000")], title: "right for the right reasons",
      limit: 2.5),
    ExplanationCase(
      defense: "pgd-ex", settings: [("epsilon", "0.3"), ("steps", "7")], title: "PGD-Ex, 7 steps",
      limit: 8),
    ExplanationCase(
      // The weights and the box of the end of a training, so that every step computes bounds.
      defense: "ibp-ex",
      settings: [("epsilon", "0.1"), ("epsilonStart", "0.1"), ("clean", "0.5")], title: "IBP-Ex",
      limit: 3.5),
  ]

  func made() throws -> any Defense {
    let entries = settings.map {
      Settings.Entry(name: $0.name, value: .scalar($0.value), place: "the benchmark")
    }
    return try DefenseRegistry.defense(
      named: defense, Settings(entries, place: "the benchmark"))
  }
}

/// Masks over a square of 10x10 pixels at a corner of each image of 28x28, `[N, 1, 28, 28]`. The
/// corners take turns.
func cornerMasks(count: Int) -> Tensor {
  Tensor.concatenate(
    (0..<count).map { image in
      let (left, top) = (image % 2 * 18, image / 2 % 2 * 18)
      return Tensor.ones([1, 1, 10, 10]).padded(
        left: left, right: 18 - left, top: top, bottom: 18 - top)
    })
}

/// Prints the time of a training step with a constraint on explanations, relative to that of a plain
/// step on the same images. The masks are squares of 10x10 pixels at the corners.
func measureExplanationSteps() throws {
  let batch = 256
  let shape = InputShape(channels: 1, height: 28, width: 28)
  let random = RandomSource(Seed(2))
  let data = try LabelledImages(
    name: "random", classNames: (0..<10).map(String.init),
    pixels: random.uniform([batch] + shape.sizes),
    labels: random.integers(below: 10, [batch]).int64s(), masks: cornerMasks(count: batch))
  func step(_ defense: (any Defense)?) throws -> RepeatedStep {
    let network = try Architecture.named("cnn").network(
      input: shape, classNames: data.classNames, seed: Seed(1))
    let objective = try defense?.objective(Preparation(network, data: data) { _, _ in network })
    return RepeatedStep(network, data.batch(0..<batch), for: objective ?? CrossEntropy())
  }
  let steps = try [step(nil)] + ExplanationCase.all.map { try step($0.made()) }
  let times = Stopwatch.interleaved(7, steps.map { step in { step.run() } })
  for (test, time) in zip(ExplanationCase.all, times.dropFirst()) {
    let ratio = time / times[0]
    let verdict = ratio <= test.limit ? "at most \(test.limit)" : "MISSED: at most \(test.limit)"
    line(
      "\(test.title) : plain step", "\(decimals(ratio)) : 1",
      "\(decimals(time * 1e3, 0)) : \(decimals(times[0] * 1e3, 0)) ms; \(verdict)")
  }
}
