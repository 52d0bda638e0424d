import ModelCore
import Support

/// All attacks. An attack is known to the command line, to experiment files and to the tests once
/// it has its line here.
public enum AttackRegistry {
  public static let all: [any Attack.Type] = [
    FastGradientSign.self,
    TargetedGradientSign.self,
    RandomFastGradientSign.self,
    IteratedFastGradientSign.self,
    IteratedTargetedGradientSign.self,
    BasicIterativeMethod.self,
    ProjectedGradientDescent.self,
    DivergenceAscent.self,
    Jitter.self,
    MomentumIterativeMethod.self,
    NesterovIterativeMethod.self,
    PatchWiseMethod.self,
    IntermediateLevelAttack.self,
    AutoProjectedGradient.self,
    FastAdaptiveBoundary.self,
    AutoAttack.self,
    JacobianSaliencyMap.self,
    AdversarialPatch.self,
    DeepFool.self,
    CarliniWagner.self,
    DecoupledDirectionNorm.self,
    FastMinimumNorm.self,
    AugmentedLagrangian.self,
    ElasticNet.self,
    SuperDeepFool.self,
    SigmaZero.self,
    SparseFool.self,
    Bisection.self,
    SquareAttack.self,
    SimultaneousPerturbation.self,
    NaturalEvolution.self,
    Bandits.self,
    OnePixel.self,
    Pixle.self,
    HopSkipJump.self,
    BoundaryAttack.self,
    SurFree.self,
    SpatialTransformation.self,
    UniversalPerturbation.self,
    UniformNoise.self,
    SignNoise.self,
    SaltAndPepper.self,
    Corruption.self,
    SurrogateTransfer.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// The attack with a name.
  /// - Throws: `Failure.usage`, with the nearest name as a hint.
  public static func type(named name: String) throws -> any Attack.Type {
    guard let found = all.first(where: { $0.name == name.hyphenated }) else {
      throw Failure.usage("unknown attack '\(name)'", hint: hint(for: name, among: names))
    }
    return found
  }
}

/// An attack with everything that a request says about it: its settings, budgets, goal, the part of
/// each example that it may change, and the number of images.
public struct AttackPlan: Sendable {
  /// The name that results are stored under: the attack's own name, unless an experiment gives
  /// another one.
  public let name: String
  public internal(set) var attack: any Attack
  public let goal: GoalRule
  /// The part of each example that the attack may change; nil for all of it.
  public let mask: MaskLimit?
  /// The budgets, in units of pixel values unless the attack says otherwise, each once and in
  /// ascending order.
  public let epsilons: [Double]
  /// The number of images that are attacked, counted from the first; nil for all images of the
  /// request.
  public let count: Int?
  /// The passes of a random model over which the attack sees the mean logits, for an attack that
  /// has no setting `eot` of its own.
  public let expectation: ExpectationOverDraws
  /// Notices for the person who wrote the settings, one sentence each.
  public let notices: [String]

  /// Reads a request: the budgets, `target` or `labels`, `mask`, `count`, and the attack's own
  /// settings.
  ///
  /// The budgets are called `epsilons`, `epsilon`, or by the attack's own name for them. A setting
  /// that the attack does not have is refused.
  /// - Throws: `Failure.usage` for an unknown attack; `Failure.badData` with the place of a setting
  ///   that is not valid.
  public init(name: String, attack attackName: String? = nil, _ settings: Settings) throws {
    let type = try AttackRegistry.type(named: attackName ?? name)
    self.name = attackName == nil ? type.name : name
    attack = try type.init(settings)
    let spellings = ["epsilon", type.budgetName].filter(settings.has)
    let given = spellings.first ?? "epsilons"
    let unit = type.budgetName == "epsilons" ? "in pixel units" : "values of \(type.budgetSymbol)"
    let budgets = try settings.doubles(given, "the budgets, \(unit)")
    guard !budgets.isEmpty else {
      throw Failure.badData(
        "\(settings.place(of: given)): \(name): expected at least one budget, found an empty list",
        hint: "for example epsilons: [0, 0.1, 0.2]")
    }
    epsilons = Array(Set(budgets)).sorted()
    goal = try GoalRule(settings, default: type.defaultGoal)
    mask = try MaskLimit(settings)
    count = try settings.optionalInt(
      settings.name("count", formerly: "examples"), in: 1...Int.max,
      "number of images that are attacked, counted from the first")
    var expectation = ExpectationOverDraws()
    if !type.isControl, !settings.questions.contains(where: { $0.name == "eot" }) {
      try expectation.read(settings)
    }
    self.expectation = expectation
    notices = settings.notices
    try settings.finish(name)
  }

  /// Creates a plan in a program, without settings.
  public init(
    name: String, attack: any Attack, goal: GoalRule, mask: MaskLimit? = nil, epsilons: [Double],
    count: Int? = nil
  ) {
    self.name = name
    self.attack = attack
    self.goal = goal
    self.mask = mask
    self.epsilons = Array(Set(epsilons)).sorted()
    self.count = count
    expectation = ExpectationOverDraws()
    notices = []
  }

  /// Checks that this plan can be run against a classifier.
  /// - Throws: `Failure`, which says what does not fit.
  public func check(against classifier: any Classifier) throws {
    try goal.validate(classCount: classifier.classCount)
    try checkBudgets(in: classifier.valueRange, features: classifier.inputShape.count)
    let needsPictures = attack.needsPictures || attack.views.contains { type(of: $0).needsPictures }
    guard classifier.inputShape.isPicture || !needsPictures else {
      throw Failure.usage(
        "the attack \(name) needs pictures, and the model takes rows of "
          + "\(classifier.inputShape.count) numbers",
        hint: "use an attack such as pgd, without views")
    }
    try attack.check(against: classifier)
  }

  /// Everything except the budgets, as an experiment file would say it.
  public var settings: [String: String] {
    var all = attack.parameters
    all["attack"] = type(of: attack).name
    all[goal.isTargeted ? "target" : "labels"] = goal.description
    if let mask { all["mask"] = mask.rawValue }
    if let count { all["count"] = "\(count)" }
    for (name, value) in expectation.settingValues { all[name] = value }
    return all
  }

  /// Everything except the budgets, for records.
  public var parameters: [String: String] {
    settings.merging(["norm": attack.norm.rawValue]) { $1 }.merging(attack.dependencies) { $1 }
  }

  /// Everything except the budgets in one line, which is the same for equal plans.
  public var text: String {
    parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}
