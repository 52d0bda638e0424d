import Attacks
import Support

/// A check that looks for evidence against the numbers of an evaluation, such as gradient masking
/// or outputs that are not logits. docs/trust-checks.md lists all checks.
public struct TrustCheck: Sendable {
  public let name: String
  /// The condition under which the check raises a flag: a clause that continues "raised if".
  public let raisedIf: String
  /// What a flag says about the numbers.
  public let meaning: String
  /// What to do about a flag. Names of attacks stand in single quotes, settings as `name=value`.
  public let advice: String
  /// Which runs end before anything is attacked if a model from a file raises this flag, because an
  /// accuracy of such a model would mean nothing.
  let stops: StoppedRuns
  let find: @Sendable (TrustEvidence) -> [Finding]

  init(
    name: String, raisedIf: String, meaning: String, advice: String, stops: StoppedRuns = .none,
    find: @escaping @Sendable (TrustEvidence) -> [Finding]
  ) {
    self.name = name
    self.raisedIf = raisedIf
    self.meaning = meaning
    self.advice = advice
    self.stops = stops
    self.find = find
  }

  enum StoppedRuns {
    case none
    /// Runs with an attack that takes gradients of the attacked model.
    case withGradients
    case all
  }

  /// One place in the evaluation where the condition of a check holds.
  struct Finding {
    /// The measurement that shows it, as a sentence.
    let because: String
    var attack: String?
    var source: String?
    var victim: String?
  }

  /// The flags that this check raises.
  func flags(_ evidence: TrustEvidence) -> [TrustFlag] {
    find(evidence).map { finding in
      TrustFlag(
        name: name, raisedBecause: finding.because, meaning: meaning, advice: advice,
        attack: finding.attack,
        source: finding.source, victim: finding.victim)
    }
  }

  /// Every check, the gravest first. Flags are listed in this order.
  public static let all: [TrustCheck] = [
    certificateIsBroken, givesNoNumbers, gradientsAreNoNumbers, ignoresInput, gradientsDoNotArrive,
    classesInAnotherOrder, lacksNormalization, belowChanceUnattacked, notAboveChance,
    givesProbabilities,
    logitsAreClose, changesWhenRepeated, changesInBatches, zeroGradients, gradientsDoNotMatch,
    standsWithoutBudget, gradientFreeWins, blackBoxBeatsWhiteBox, oneStepBeatsMany,
    noiseDoesAsWell, lostAsPictures,
  ]
}

/// The measurements that trust checks examine.
public struct TrustEvidence: Sendable {
  /// The predictions of every victim for the examples of every attack and source model. A victim is
  /// a model that examples are shown to.
  public let results: [TransferResult]
  public let plans: [AttackPlan]
  public let probes: [ModelProbe]
  public let classCount: Int
  /// How many exported pictures of each attack and source still fool their source.
  public let pictures: [PictureLoss]
  /// What certificates say about the models.
  public let certified: [CertifiedModel]

  public init(
    results: [TransferResult] = [], plans: [AttackPlan] = [], probes: [ModelProbe] = [],
    classCount: Int = 0,
    pictures: [PictureLoss] = [], certified: [CertifiedModel] = []
  ) {
    self.certified = certified
    self.results = results
    self.plans = plans
    self.probes = probes
    self.classCount = classCount
    self.pictures = pictures
  }

  /// The flags that all checks raise, in the order of `TrustCheck.all`.
  public func flags() -> [TrustFlag] { TrustCheck.all.flatMap { $0.flags(self) } }

  /// The accuracy of guessing, 1/K.
  var chance: Double { 1 / Double(max(1, classCount)) }

  /// Whether the 95% Wilson interval of an accuracy lies above that of guessing.
  func isAboveChance(_ right: Int, of count: Int) -> Bool {
    wilsonInterval(successes: right, of: count).lowerBound > chance
  }

  func plan(_ name: String) -> AttackPlan? { plans.first { $0.name == name } }

  /// The results of untargeted attacks whose budget is the size of a perturbation, without the
  /// controls, which are random noise. Only among
  /// these do fewer correct predictions mean a stronger attack.
  var comparable: [TransferResult] {
    results.filter { result in
      guard let plan = plan(result.attack) else { return false }
      let type = type(of: plan.attack)
      return !type.isControl && type.budgetIsSize && !plan.goal.isTargeted
    }
  }
}

extension AttackPlan {
  /// Whether every feature that this attack may change may also be changed by another one.
  func mayChangeNoMore(than other: AttackPlan) -> Bool { other.mask == nil || other.mask == mask }
}

/// What rounding to 8 bits did to the exported pictures of one attack and source model.
public struct PictureLoss: Equatable, Sendable {
  public let attack: String
  public let source: String
  /// How many examples fool their source model as computed.
  public let fooling: Int
  /// How many of these also fool it as 8-bit pictures.
  public let foolingAsStored: Int

  public init(attack: String, source: String, fooling: Int, foolingAsStored: Int) {
    self.attack = attack
    self.source = source
    self.fooling = fooling
    self.foolingAsStored = foolingAsStored
  }
}

extension TransferResult {
  /// For each example within a budget, whether a victim classifies it correctly; nil if the result
  /// does not have the budget or the victim.
  func right(_ epsilon: Double, _ victim: String) -> [Bool]? {
    guard let budget = epsilons.firstIndex(of: epsilon), let place = victims.firstIndex(of: victim)
    else { return nil }
    return predictions.select(0, budget).select(0, place).equals(labels).int64s().map { $0 != 0 }
  }
}

/// How two lists of correct and wrong predictions for the same images differ.
struct Discordance {
  /// How many images only the first list has right.
  let onlyFirst: Int
  /// How many images only the second list has right.
  let onlySecond: Int

  /// - Precondition: both lists have the same length.
  init(_ first: [Bool], _ second: [Bool]) {
    precondition(first.count == second.count)
    onlyFirst = zip(first, second).count { $0 && !$1 }
    onlySecond = zip(first, second).count { !$0 && $1 }
  }

  /// The p-value of McNemar's exact test that both lists are right equally often.
  var p: Double { mcNemarExactTest(onlyFirst: onlyFirst, onlySecond: onlySecond) }

  /// On how many more images the first list is right; nil unless it is right significantly more
  /// often, at 1% after Bonferroni's correction for the number of comparisons.
  func margin(among comparisons: Int) -> Int? {
    onlyFirst > onlySecond && p * Double(comparisons) < 0.01 ? onlyFirst - onlySecond : nil
  }
}

extension [Bool] {
  var trueCount: Int { count(where: \.self) }
}

/// A share in percent to one decimal: `0.25` is "25.0%".
func percentText(_ share: Double) -> String { "\((share * 1000).rounded() / 10)%" }
