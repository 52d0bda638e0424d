import Attacks
import Datasets
import Defenses
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Training that is watched by an attack on held-out images")
struct RobustValidationTests {
  static let heldOut = try! SevenSegmentDigits(seed: Seed(74), size: 14).images(.train, count: 60)

  private func train(
    _ watch: RobustValidation?, epochs: Int = 3, keep: TrainingSettings.Kept = .last
  ) throws -> (network: Network, history: [EpochRecord]) {
    var settings = TinyTraining.settings(epochs: epochs)
    settings.robustValidation = watch
    settings.keep = keep
    let network = TinyTraining.network()
    let history = try Trainer(settings, objective: CrossEntropy()).train(
      network, on: TinyTraining.data, validation: Self.heldOut, title: "test")
    return (network, history)
  }

  @Test("the accuracy is that under the attack in evaluation behaviour, away from the true labels")
  func measures() throws {
    let pgd = ProjectedGradientDescent(StepSchedule(steps: 5, relative: 2.5))
    let (network, history) = try train(RobustValidation(pgd, epsilon: 0.2))
    let batch = Self.heldOut.batch(0..<60)
    let frozen = try network.frozen()
    let attacked = pgd.sweep(
      batch.images, .away(from: batch.labels), epsilons: [0.2], against: frozen,
      draws: ExampleDraws(
        TinyTraining.settings(epochs: 1).seed.derive("robust validation"), examples: batch.places)
    )[0]
    let right = frozen.predictions(attacked).equals(batch.labels).to(.float64).mean().scalar
    // The batches of the validation have other sizes, so rounding may differ.
    #expect(abs(try #require(history.last?.robustAccuracy) - right) < 0.02)
    #expect(right < (try #require(history.last?.validationAccuracy)))
  }

  @Test("watching does not change the weights, and without an attack nothing is recorded")
  func onlyWatching() throws {
    let watched = try train(RobustValidation(FastGradientSign(), epsilon: 0.1))
    let plain = try train(nil)
    #expect(watched.network.fingerprint == plain.network.fingerprint)
    #expect(plain.history.allSatisfy { $0.robustAccuracy == nil })
  }

  @Test("an attack that masks limit changes their part only, and watches as it would attack")
  func masks() throws {
    var settings = TinyTraining.settings(epochs: 1)
    let pgd = ProjectedGradientDescent(StepSchedule(steps: 5, relative: 2.5))
    // The masks mark the left half of each image.
    let images = TinyTraining.annotated
    func accuracy(_ mask: MaskLimit?) throws -> (watched: Double, expected: Double) {
      settings.robustValidation = RobustValidation(pgd, epsilon: 0.04, mask: mask)
      let network = TinyTraining.network()
      let history = try Trainer(settings, objective: CrossEntropy()).train(
        network, on: images, validation: images, title: "test")
      let batch = images.batch(0..<images.count)
      let plan = AttackPlan(
        name: "pgd", attack: pgd, goal: .untargeted, mask: mask, epsilons: [0.04])
      let attacked = plan.sweep(
        batch.images, labels: batch.labels, masks: batch.annotations.masks,
        against: try network.frozen()
      ) { _ in ExampleDraws(settings.seed.derive("robust validation"), examples: batch.places) }
      let predictions = try network.frozen().predictions(attacked.adversarial[0])
      return (
        try #require(history[0].robustAccuracy),
        predictions.equals(batch.labels).to(.float64).mean().scalar
      )
    }
    let (whole, nuisance, core) = (try accuracy(nil), try accuracy(.nuisance), try accuracy(.core))
    for found in [whole, nuisance, core] { #expect(abs(found.watched - found.expected) < 0.02) }
    #expect(
      whole.watched + 0.05 < min(nuisance.watched, core.watched), "\(whole) \(nuisance) \(core)")
  }

  @Test("an attack that masks limit needs held-out images with masks")
  func masksAreMissing() throws {
    let failure = #expect(throws: Failure.self) {
      _ = try train(RobustValidation(FastGradientSign(), mask: .nuisance))
    }
    #expect(failure?.kind == .badData)
    #expect(failure?.message.hasPrefix("robustValidation: mask: nuisance: ") == true)
    #expect(failure?.message.contains("has no masks") == true)
  }

  @Test("the best epoch has the best accuracy under attack, and then on unchanged images")
  func best() {
    func history(_ pairs: [(Double, Double)]) -> [EpochRecord] {
      pairs.enumerated().map { epoch, values in
        var record = EpochRecord(epoch: epoch, loss: 1, accuracy: 0.5)
        (record.validationAccuracy, record.robustAccuracy) = values
        return record
      }
    }
    let records = history([(0.9, 0.1), (0.8, 0.4), (0.95, 0.2)])
    #expect(records.best() == 1)
    #expect(history([(0.8, 0), (0.95, 0), (0.95, 0)]).best() == 1)
    #expect(records.hasStalled(for: 1) && !records.hasStalled(for: 2))
  }

  @Test("the text for the digest names the attack, its settings and its budget")
  func text() throws {
    var watch = RobustValidation()
    let given = [("attack", "pgd"), ("steps", "7"), ("epsilon", "0.25")].map {
      Settings.Entry(name: $0, value: .scalar($1), place: "run.yaml:1")
    }
    try watch.read(Settings(given, place: "run.yaml"))
    #expect(watch.text.hasPrefix("attack=pgd, ") && watch.text.hasSuffix(", epsilon=0.25"))
    #expect(watch.text.contains("steps=7") && !watch.text.contains("mask"))
    watch.mask = .core
    #expect(watch.text.hasSuffix(", epsilon=0.25, mask=core"))
  }
}
