import Attacks
import Defenses
import ModelCore
import Support
import Testing

@Suite("Sums of defenses")
struct DefenseSumTests {
  private func map(_ entries: (String, SettingValue)...) throws -> SettingValue {
    .map(
      try Settings(
        entries.enumerated().map { .init(name: $1.0, value: $1.1, place: "run.yaml:\($0 + 1)") },
        place: "run.yaml:1"))
  }

  private func sum(_ value: SettingValue) throws -> DefenseSum {
    try DefenseSum(value, place: "run.yaml:1")
  }

  private func terms(_ members: [DefenseSum.Member], _ step: TrainingStep? = nil) throws
    -> [LossTerm]
  {
    let step = step ?? TinyTraining.step(TinyTraining.network(), pass: .evaluation)
    return try DefenseSum(members).objective(TinyTraining.preparation(step.network)).terms(step)
  }

  @Test("½ [(CE + λ · penalty) + CE_adv] is adversarial training plus half a penalty")
  func both() throws {
    let network = TinyTraining.network()
    let make = {
      TinyTraining.step(network, pass: .training(dropout: nil, updatesStatistics: false))
    }
    let terms = try terms(
      [
        .init(AdversarialTraining(InnerAttack(epsilon: 0.1))),
        .init(GradientRegularization(lambda: 100), weight: 0.5),
      ], make())
    #expect(terms.map(\.name) == ["clean", "adversarial", "double-backpropagation"])
    #expect(terms.map(\.weight) == [0.5, 0.5, 50])
    let regularized = GradientRegularization(lambda: 100).alone.terms(make()).total.scalar
    let adversarial = AdversarialTraining(InnerAttack(epsilon: 0.1)).terms(make())[1].value.scalar
    #expect(abs(terms.total.scalar - 0.5 * (regularized + adversarial)) < 1e-5 * regularized)
  }

  @Test("if all members are penalties, the cross-entropy is added once")
  func penaltiesOnly() throws {
    let terms = try terms([
      .init(GradientRegularization(lambda: 2), weight: 3), .init(CurvatureRegularization()),
    ])
    #expect(terms.map(\.name) == ["cross-entropy", "double-backpropagation", "curvature"])
    #expect(terms.map(\.weight) == [1, 6, 1])
  }

  @Test("defenses that are not penalties add up with their weights")
  func fits() throws {
    let terms = try terms([
      .init(LabelSmoothing(), weight: 0.5), .init(GaussianNoise(), weight: 0.25),
    ])
    #expect(terms.map(\.name) == ["smoothed cross-entropy", "noisy"])
    #expect(terms.map(\.weight) == [0.5, 0.25])
  }

  @Test("a sum of one defense is that defense, alone or in a list")
  func one() throws {
    for value in [
      .scalar("gradient-regularization"), SettingValue.list([.scalar("gradient-regularization")]),
    ] {
      let sum = try sum(value)
      let step = TinyTraining.step(TinyTraining.network(), pass: .evaluation)
      let found = try sum.objective(TinyTraining.preparation(step.network)).terms(step).total.scalar
      #expect(found == GradientRegularization().alone.terms(step).total.scalar)
      #expect(sum.text == GradientRegularization().text)
    }
  }

  @Test("the random numbers of a member do not depend on the other members")
  func drawsBelongToPurposes() throws {
    let random: [DefenseSum.Member] = [
      .init(AdversarialTraining(InnerAttack(ProjectedGradientDescent(StepSchedule(steps: 2))))),
      .init(Trades(StepSchedule(steps: 2))), .init(GaussianNoise()),
      .init(CurvatureRegularization()),
    ]
    func values(_ members: [DefenseSum.Member]) throws -> [String: Double] {
      let pass = Pass.training(dropout: Seed(5), updatesStatistics: false)
      let step = TinyTraining.step(TinyTraining.network(), pass: pass, seed: 6)
      return Dictionary(
        uniqueKeysWithValues: try terms(members, step).map { ($0.name, $0.value.scalar) })
    }
    let together = try values(random)
    let turned = try values(random.reversed())
    #expect(together == turned)
    for member in random {
      for (name, value) in try values([member]) where together[name] != nil {
        #expect(together[name] == value, "\(name)")
      }
    }
  }

  @Test("the clean images pass through the network once for all defenses")
  func onePass() throws {
    let network = TinyTraining.network()
    _ = try terms(
      [.init(GradientRegularization()), .init(CurvatureRegularization()), .init(LabelSmoothing())],
      TinyTraining.step(network))
    #expect(network["1.num_batches_tracked"].scalar == 1)
  }

  @Test("a list is read with its order and weights")
  func list() throws {
    let read = try sum(
      .list([
        map(("adversarial-training", map(("epsilon", .scalar("0.25"))))),
        .scalar("label-smoothing"),
        map(("gradient-regularization", map(("lambda", .scalar("7")), ("weight", .scalar("0.5"))))),
      ]))
    #expect(read.members.map(\.weight) == [1, 1, 0.5])
    #expect(
      read.text == "\(AdversarialTraining(InnerAttack(epsilon: 0.25)).text) "
        + "+ label-smoothing(alpha=0.1) + "
        + "0.5·gradient-regularization(penalty=double-backpropagation, lambda=7.0, "
        + "method=exact, step=0.01)"
    )
  }

  @Test("a malformed defense is refused with its place")
  func refused() throws {
    let malformed = [
      SettingValue.list([]), .list([.list([])]), try map(),
      try map(("none", map()), ("trades", map())),
    ]
    for value in malformed {
      let failure = #expect(throws: Failure.self) { try sum(value) }
      #expect(
        failure?.message.hasSuffix(
          "expected the name of a defense, a defense with settings, or a list of these")
          == true)
    }
    let unknown = #expect(throws: Failure.self) { try sum(.list([.scalar("trade")])) }
    #expect(unknown?.message == "run.yaml:1: unknown defense 'trade'")
    #expect(unknown?.kind == .badData)
    // A single defense has no weight, because there is no other one.
    #expect(throws: Failure.self) { try sum(map(("trades", map(("weight", .scalar("0.5")))))) }
    #expect(throws: Failure.self) {
      try sum(.list([map(("trades", map(("weight", .scalar("-1")))))]))
    }
  }
}
