import Attacks
import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support

/// Prints Crossfire's speed as ratios within one run: relative to the machine's own rate of
/// multiplying matrices, and relative to the same work without the optimizations that
/// docs/architecture.md describes.
func measureRatios() throws {
  Engine.start()
  let batch = 256
  let names = (0..<10).map(String.init)
  let shape = InputShape(channels: 1, height: 28, width: 28)
  let network = try Architecture.named("cnn").network(
    input: shape, classNames: names, seed: Seed(1))
  let frozen = try network.frozen()
  let random = RandomSource(Seed(2))
  let images = random.uniform([batch] + shape.sizes)
  let labels = random.integers(below: 10, [batch])

  print(
    "crossfire \(crossfireVersion), libtorch \(Engine.version), \(Engine.threads) threads, "
      + "batch \(batch), architecture cnn\n"
  )

  // MARK: Against the machine's matrix products

  let side = 2048
  let a = random.uniform([side, side])
  let b = random.uniform([side, side])
  let training = RepeatedStep(network, images, labels, for: CrossEntropy())

  let times = Stopwatch.interleaved(
    15,
    [
      { _ = a.matmul(b) },
      { withoutGradients { _ = frozen.logits(images) } },
      { _ = frozen.inputGradient(at: images) { $0.crossEntropy(labels) } },
      { training.run() },
      { withoutGradients { _ = network.logits(images) } },
    ])
  let operations = try Operations(network.description)
  let rate = 2 * pow(Double(side), 3) / times[0]
  line(
    "matrix product, \(side) cubed", "\(decimals(rate / 1e9, 0)) GFLOP/s",
    "the machine's own rate in this run")
  for (name, time, work, floor) in [
    ("forward, frozen", times[1], operations.forward, 0.7),
    ("input gradient, frozen", times[2], operations.inputGradient, 0.6),
    ("training step", times[3], operations.trainingStep, 0.55),
  ] {
    let share = work * Double(batch) / time / rate
    line(
      name, "\(decimals(share)) of that rate", "\(decimals(time * 1e3, 1)) ms; at least \(floor)")
  }
  line("forward, not frozen : frozen", "\(decimals(times[4] / times[1])) : 1")

  // MARK: A sweep over budgets

  let count = 1000
  let data = try SevenSegmentDigits().images(.train, count: count)
  let counter = QueryCounter(frozen)
  let epsilons = (0..<10).map { Double($0) / 10 }
  let plan = AttackPlan(
    name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: epsilons)
  let contestants = (0..<4).map {
    Contestant(name: "model\($0)", classifier: counter, fingerprint: "\($0)")
  }
  let started = ContinuousClock.now
  for source in contestants {
    _ = try TransferRunner(
      plan: plan, source: source, victims: contestants, data: data, seed: Seed(1)
    ).run(keep: 0) {
      _ in
    }
  }
  let sweep = (ContinuousClock.now - started).seconds
  line(
    "sweep: 4 models, 10 budgets, all pairs", "\(counter.backwards / count) gradients per image",
    "\(counter.forwards / count) forward passes; \(decimals(sweep, 1)) s")
  let ideal =
    Double(counter.forwards) * operations.forward + Double(counter.backwards) * operations.forward
  line("  of the machine's rate", decimals(ideal / sweep / rate))

  // MARK: Memory

  let before = peakMegabytes()
  let small = try SevenSegmentDigits().images(.train, count: 1000)
  _ = Evaluator().predictions(of: frozen, on: small)
  let atThousand = peakMegabytes()
  let large = try SevenSegmentDigits().images(.train, count: 10_000)
  let loaded = peakMegabytes()
  _ = Evaluator().predictions(of: frozen, on: large)
  line(
    "peak memory, evaluating 1,000 images", "\(decimals(atThousand, 0)) MB",
    "\(decimals(before, 0)) before")
  line(
    "peak memory, evaluating 10,000 images", "\(decimals(peakMegabytes(), 0)) MB",
    "\(decimals(loaded, 0)) once they are loaded")
}
