import Attacks
import Datasets
import Defenses
import Evaluation
import ModelCore
import Support

func accuracyUnderFGSM() throws -> [GridCell] {
  let data = try DataReference("synthetic")
  let training = try data.load(.train)

  // Two networks that differ only in the seed of their initial weights.
  let models = try ["a", "b"].map { name in
    let network = try Architecture.named("small").network(
      input: training.shape, classNames: training.classNames, seed: Seed(1).derive(name))
    let trainer = Trainer(TrainingSettings(epochs: 3, batchSize: 32), objective: CrossEntropy())
    _ = try trainer.train(network, on: training, title: name)
    return Contestant(
      name: name, classifier: try network.frozen(), fingerprint: network.fingerprint)
  }

  let plan = AttackPlan(
    name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: [0, 0.05, 0.1])
  let runner = try TransferRunner(
    plan: plan, source: models[0], victims: models, data: data.load(.test).prefix(100),
    seed: Seed(1))
  return try runner.run(keep: 0) { _ in }.result.cells()
}
