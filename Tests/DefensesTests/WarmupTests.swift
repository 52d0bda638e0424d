import Attacks
import Defenses
import ModelCore
import Support
import Testing

@Suite("A budget that grows during the first epochs")
struct WarmupTests {
  /// The greatest change of a pixel that the network sees in a step of training.
  private func change(_ objective: any Objective, at progress: TrainingProgress) -> Double {
    let network = TinyTraining.network()
    let batch = TinyTraining.data.batch(0..<20)
    let step = TrainingStep(
      network, batch, .training(dropout: nil, updatesStatistics: false), progress: progress,
      readsCleanLogits: objective.readsCleanLogits)
    let clean = network.forward(batch.images, step.pass).crossEntropy(step.labels).mean().scalar
    let terms = objective.terms(step)
    return abs((terms.last?.value.scalar ?? 0) - (objective.isPenalty ? 0 : clean))
  }

  @Test("the factor is linear in the epochs that are done, and 1 after the warm-up or without one")
  func factor() {
    let steps = [(0, 0), (0, 5), (1, 0), (1, 5), (2, 0), (7, 3)].map { epoch, step in
      TrainingProgress(epoch: epoch, epochs: 8, step: step, stepsPerEpoch: 10)
    }
    #expect(steps.map { $0.warmup(over: 2) } == [0, 0.25, 0.5, 0.75, 1, 1])
    #expect(steps.map { $0.warmup(over: 0.5) } == [0, 1, 1, 1, 1, 1])
    #expect(steps.allSatisfy { $0.warmup(over: nil) == 1 && $0.warmup(over: 0) == 1 })
  }

  static let objectives: [any Objective] = [
    AdversarialTraining(InnerAttack(epsilon: 0.2, labels: .true, warmup: 2)),
    AdversarialTraining(
      InnerAttack(ProjectedGradientDescent(), epsilon: 0.2, labels: .true, warmup: 2), clean: 0),
    FastAdversarialTraining(epsilon: 0.2, warmup: 2), Trades(epsilon: 0.2, warmup: 2),
  ]

  @Test("the first step has no perturbation, and later ones have more", arguments: 0..<4)
  func grows(_ index: Int) {
    let objective = Self.objectives[index]
    let changes = [0, 1, 2].map {
      change(objective, at: TrainingProgress(epoch: $0, epochs: 4, stepsPerEpoch: 10))
    }
    #expect(changes[0] < 1e-5)
    #expect(changes[1] > 1e-3 && changes[2] > changes[1], "\(changes)")
  }

  @Test(
    "the setting is recorded only if it is given",
    arguments: [
      "adversarial-training", "fast-adversarial-training", "trades",
    ])
  func recorded(_ name: String) throws {
    let plain = try DefenseRegistry.defense(named: name, .none())
    #expect(!plain.text.contains("warmup"))
    let entry = Settings.Entry(name: "warmup", value: .scalar("3"), place: "run.yaml:1")
    let warm = try DefenseRegistry.defense(named: name, Settings([entry], place: "run.yaml"))
    #expect(warm.text.contains("warmup=3.0"))
  }
}
