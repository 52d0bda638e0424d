import ModelCore
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
    CarliniWagner.self,
    Bisection.self,
    SquareAttack.self,
    SimultaneousPerturbation.self,
    UniformNoise.self,
    SignNoise.self,
    SaltAndPepper.self,
    SurrogateTransfer.self,
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
  /// How many images it is tried on, from the first on; nil: as many as everything else.
  public let count: Int?
  /// What whoever wrote the settings should know.
  public let notices: [String]

  /// Reads `epsilons` (or `epsilon`, or what the attack calls its budget), `target`, `count` and
  /// the attack's own settings, and refuses the rest.
  public init(name: String, attack attackName: String? = nil, _ settings: Settings) throws {
    let type = try AttackRegistry.type(named: attackName ?? name)
    self.name = name
    attack = try type.init(settings)
    let spellings = ["epsilon", type.budgetName].filter(settings.has)
    let given = spellings.first ?? "epsilons"
    let unit = type.budgetName == "epsilons" ? "in pixel units" : "\(type.budgetSymbol) each"
    let budgets = try settings.doubles(given, "the budgets, \(unit)")
    guard !budgets.isEmpty else {
      throw Failure.badData(
        "\(settings.place(of: given)): \(name): no budget given",
        hint: "for example epsilons: [0, 0.1, 0.2]")
    }
    epsilons = Array(Set(budgets)).sorted()
    goal = try GoalRule(settings, default: type.defaultGoal)
    count = try settings.optionalInt(
      settings.name("count", formerly: "examples"), in: 1...Int.max,
      "how many images are attacked, from the first on")
    notices = settings.notices
    try settings.finish(name)
  }

  /// An attack as a program asks for it.
  public init(
    name: String, attack: any Attack, goal: GoalRule, epsilons: [Double], count: Int? = nil
  ) {
    self.name = name
    self.attack = attack
    self.goal = goal
    self.epsilons = Array(Set(epsilons)).sorted()
    self.count = count
    notices = []
  }

  /// Refuses a classifier that this cannot be tried on.
  /// - Throws: `Failure` with what does not fit.
  public func check(against classifier: any Classifier) throws {
    try goal.validate(classCount: classifier.classCount)
    guard classifier.inputShape.isPicture || !attack.needsPictures else {
      throw Failure.usage(
        "\(name) changes neighbouring pixels of pictures, and the model takes rows of "
          + "\(classifier.inputShape.count) numbers",
        hint: "use an attack such as pgd without views")
    }
    try attack.check(against: classifier)
  }

  /// Everything but the budgets as it would be written in an experiment file.
  public var settings: [String: String] {
    var all = attack.parameters
    all["attack"] = type(of: attack).name
    all[goal.isTargeted ? "target" : "labels"] = goal.description
    if let count { all["count"] = "\(count)" }
    return all
  }

  /// Everything but the budgets, for records.
  public var parameters: [String: String] {
    settings.merging(["norm": attack.norm.rawValue]) { $1 }.merging(attack.dependencies) { $1 }
  }

  /// Everything but the budgets as one line, the same for equal plans.
  public var text: String {
    parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}
