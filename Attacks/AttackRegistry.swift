import Support

/// Every attack, one line each.
public enum AttackRegistry {
  public static let all: [any Attack.Type] = [
    FastGradientSign.self,
    TargetedGradientSign.self,
    IteratedFastGradientSign.self,
    IteratedTargetedGradientSign.self,
    BasicIterativeMethod.self,
    ProjectedGradientDescent.self,
    MomentumIterativeMethod.self,
    NesterovIterativeMethod.self,
    AutoProjectedGradient.self,
    FastAdaptiveBoundary.self,
    AutoAttack.self,
    JacobianSaliencyMap.self,
    DeepFool.self,
    Bisection.self,
    SquareAttack.self,
    SimultaneousPerturbation.self,
    UniformNoise.self,
    SignNoise.self,
    SaltAndPepper.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// - Throws: `Failure.usage` with the nearest name.
  public static func type(named name: String) throws -> any Attack.Type {
    guard let found = all.first(where: { $0.name == name }) else {
      throw Failure.usage("unknown attack '\(name)'", hint: hint(for: name, among: names))
    }
    return found
  }
}

/// An attack with everything a request says about it: its budgets and its goal.
public struct AttackPlan: Sendable {
  /// The name results go under: the attack's own, unless an experiment gives another.
  public let name: String
  public let attack: any Attack
  public let goal: GoalRule
  /// Budgets in pixel units, each once, from small to large.
  public let epsilons: [Double]

  /// Reads `epsilons` (or `epsilon`), `target` and the attack's own settings, and refuses the rest.
  public init(name: String, attack attackName: String? = nil, _ settings: Settings) throws {
    let type = try AttackRegistry.type(named: attackName ?? name)
    self.name = name
    attack = try type.init(settings)
    let given = settings.has("epsilon") ? "epsilon" : "epsilons"
    let budgets = try settings.doubles(given, "the budgets, in pixel units")
    guard !budgets.isEmpty else {
      throw Failure.badData(
        "\(settings.place(of: given)): \(name): no budget given", hint: "for example epsilons: [0, 0.1, 0.2]")
    }
    epsilons = Array(Set(budgets)).sorted()
    if settings.has("target") || type.defaultGoal.isTargeted {
      goal = try GoalRule(
        target: settings.string(
          "target", default: type.defaultGoal.description, "next, random, least-likely or a label"))
    } else {
      goal = type.defaultGoal
    }
    try settings.finish(name)
  }

  /// An attack as a program asks for it.
  public init(name: String, attack: any Attack, goal: GoalRule, epsilons: [Double]) {
    self.name = name
    self.attack = attack
    self.goal = goal
    self.epsilons = Array(Set(epsilons)).sorted()
  }

  /// Everything but the budgets, for records.
  public var parameters: [String: String] {
    var all = ["attack": type(of: attack).name, "norm": attack.norm.rawValue]
    if goal.isTargeted { all["target"] = goal.description }
    return all.merging(attack.parameters) { $1 }
  }

  /// Everything but the budgets as one line, the same for equal plans.
  public var text: String {
    parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}
