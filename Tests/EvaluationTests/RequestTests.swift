import Attacks
import Datasets
import Defenses
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("The digest of a request depends on everything that the result depends on")
struct RequestTests {
  // MARK: Data

  /// Six rows of four features.
  private static func data(
    first: Float = 0.5, labels: [Int64] = [0, 1, 0, 1, 0, 1], groups: [Int64]? = nil,
    masked: Float? = nil
  ) throws -> LabelledImages {
    let rest = [Float](repeating: 0.25, count: 23)
    return try LabelledImages(
      name: "rows", classNames: ["x", "y"], pixels: Tensor([first] + rest, shape: [6, 4]),
      labels: labels, groups: groups, masks: masked.map { Tensor([$0] + rest, shape: [6, 4]) })
  }

  /// Data that differ from each other in pixels, labels, groups and masks.
  private static func variants() throws -> [LabelledImages] {
    try [
      data(), data(first: 0.75), data(labels: [1, 1, 0, 1, 0, 1]),
      data(groups: [0, 1, 2, 3, 0, 1]), data(groups: [1, 1, 2, 3, 0, 1]), data(masked: 0),
      data(masked: 1), data(groups: [0, 1, 2, 3, 0, 1], masked: 0), data().prefix(5),
    ]
  }

  private func expectDifferent(_ requests: [String]) {
    #expect(Set(requests).count == requests.count)
  }

  // MARK: Attacks

  private func contestant(_ name: String, _ fingerprint: String) throws -> Contestant {
    let network = try Architecture.named("mlp").network(
      input: InputShape(features: 4), classNames: ["x", "y"], seed: Seed(1))
    return Contestant(name: name, classifier: network, fingerprint: fingerprint)
  }

  private func plan(
    _ name: String = "pgd", _ attack: any Attack = ProjectedGradientDescent(),
    _ goal: GoalRule = .untargeted, _ epsilons: [Double] = [0.1, 0.2], count: Int? = nil
  ) -> AttackPlan {
    AttackPlan(name: name, attack: attack, goal: goal, epsilons: epsilons, count: count)
  }

  private func request(
    _ plan: AttackPlan, source: String = "1",
    victims: [(String, String)] = [("a", "1"), ("b", "2")],
    data: LabelledImages? = nil, seed: UInt64 = 3, batchSize: Int = 256
  ) throws -> String {
    try TransferRunner(
      plan: plan, source: contestant("a", source),
      victims: victims.map { try contestant($0.0, $0.1) }, data: data ?? Self.data(),
      seed: Seed(seed), evaluator: Evaluator(batchSize: batchSize)
    ).request
  }

  @Test("the request of an attack is the same for every batch size")
  func batchSize() throws {
    let requests = try [1, 2, 256].map { try request(plan(), batchSize: $0) }
    #expect(Set(requests).count == 1)
  }

  @Test("the request of an attack depends on its settings, its models and its seed")
  func attacks() throws {
    let steps = ProjectedGradientDescent(StepSchedule(steps: 3, relative: 2.5))
    try expectDifferent([
      request(plan()), request(plan("mine")), request(plan("pgd", steps)),
      request(plan("pgd", ProjectedGradientDescent(restarts: 2))),
      request(plan("pgd", ProjectedGradientDescent(norm: .l2))),
      request(plan("pgd", ProjectedGradientDescent(), .next)),
      request(plan("pgd", ProjectedGradientDescent(), .untargeted, [0.1])),
      request(plan("pgd", ProjectedGradientDescent(), .untargeted, [0.1, 0.3])),
      request(plan(count: 4)), request(plan(), seed: 4), request(plan(), source: "2"),
      request(plan(), victims: [("a", "1")]), request(plan(), victims: [("b", "2"), ("a", "1")]),
      request(plan(), victims: [("a", "1"), ("c", "2")]),
      request(plan(), victims: [("a", "1"), ("b", "3")]),
    ])
  }

  @Test("the request of an attack depends on pixels, labels, groups and masks")
  func attackedData() throws {
    expectDifferent(try Self.variants().map { try request(plan(), data: $0) })
  }

  // MARK: Trainings

  private func training(
    _ change: (inout TrainingPlan) throws -> Void = { _ in }, data: LabelledImages? = nil,
    name: String = "m", test: LabelledImages? = nil
  ) throws -> String {
    var plan = TrainingPlan(
      architecture: try Architecture.named("mlp"), defense: PlainTraining(),
      settings: TrainingSettings(epochs: 2, batchSize: 2, seed: Seed(5)))
    try change(&plan)
    return ModelTraining(
      name: name, plan: plan, training: try data ?? Self.data(), test: test, device: .cpu,
      progress: ProgressDisplay(.quiet)
    ).request
  }

  @Test("the request of a training does not depend on the model's name or on test images")
  func irrelevant() throws {
    let requests = try [
      training(), training(name: "other"), training(test: Self.data(first: 0.75)),
    ]
    #expect(Set(requests).count == 1)
  }

  @Test("the request of a training depends on every setting and on the seed")
  func trainings() throws {
    try expectDifferent([
      training(), training { $0.architecture = try Architecture.named("small") },
      training { $0.initialization = .torchDefault },
      training { $0.defense = DefenseSum(LabelSmoothing()) }, training { $0.settings.epochs = 3 },
      training { $0.settings.batchSize = 3 }, training { $0.settings.seed = Seed(6) },
      training { $0.settings.optimizer = .adam(rate: 0.1) },
      training { $0.settings.optimizer = .sgd(rate: 0.1, momentum: 0.9) },
      training { $0.settings.schedule = .cosine }, training { $0.settings.validation = 2 },
      training {
        $0.settings.validation = 2
        $0.settings.patience = 1
      },
      training {
        $0.settings.validation = 2
        $0.settings.keep = .best
      },
      training {
        $0.settings.validation = 2
        $0.settings.robustValidation = RobustValidation()
      },
      training {
        $0.settings.validation = 2
        $0.settings.robustValidation = RobustValidation(epsilon: 0.2)
      },
      training {
        $0.settings.validation = 2
        $0.settings.robustValidation = RobustValidation(epsilon: 0.2, mask: .nuisance)
      },
    ])
  }

  @Test("the request of a training depends on pixels, labels, groups and masks")
  func learnedData() throws {
    expectDifferent(try Self.variants().map { try training(data: $0) })
  }
}
