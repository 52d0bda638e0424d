import Datasets
import Defenses
import ModelCore
import Support
import Testing

@testable import Evaluation

/// Figure 1 of J. Heo, V. Piratla, M. Wicker and A. Weller, "Use Perturbations when Learning from
/// Explanations" (2023), on the data set `clusters-2d`: the second feature must not matter.
@Suite("Trainings on clusters in the plane, and the features that their decisions use")
struct ClusterDecisionTests {
  private func map(_ defense: any Defense) throws -> (map: DecisionMap, accuracy: Double) {
    let data = try DataReference("clusters-2d").load(defaultSplit: .train)
    let architecture = try Architecture.named("mlp 50 50 50")
    let network = try architecture.network(
      input: data.shape, classNames: data.classNames, valueRange: data.valueRange, seed: Seed(1))
    let objective = try defense.objective(Preparation(network, data: data) { _, _ in network })
    let settings = TrainingSettings(
      epochs: 300, batchSize: 64, optimizer: .adam(rate: 1e-3, epsilon: 1e-8), seed: Seed(2))
    _ = try Trainer(settings, objective: ObjectiveSum([(objective, 1)])).train(
      network, on: data, title: "test")
    let contestant = Contestant(name: "m", classifier: try network.frozen(), fingerprint: "m")
    return (
      try #require(DecisionMap(of: contestant, on: data)),
      Evaluator().accuracy(of: contestant.classifier, on: data)
    )
  }

  @Test("plain training fits the data with decisions that move with the second feature")
  func plain() throws {
    let (map, accuracy) = try map(PlainTraining())
    #expect(accuracy > 0.98, "\(accuracy)")
    #expect(map.steadyShare(along: 1) < 0.8, "\(map.steadyShare(along: 1))")
  }

  @Test("with interval bounds the decision ignores the second feature")
  func bounds() throws {
    let (map, accuracy) = try map(IntervalExplanation(epsilon: 30))
    #expect(map.steadyShare(along: 1) > 0.97, "\(map.steadyShare(along: 1))")
    #expect(map.steadyShare(along: 0) == 0 && accuracy > 0.8, "\(accuracy)")
  }
}
