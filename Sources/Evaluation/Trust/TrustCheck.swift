import Attacks
import Support

/// A question to an evaluation whose answer can speak against its numbers.
public struct TrustCheck: Sendable {
  public let name: String
  /// What raises it, in general.
  public let raisedIf: String
  /// What that says about the numbers.
  public let meaning: String
  /// What to do about it.
  public let advice: String
  /// Whether a model from a file that raises it is not attacked at all: no number of it could be
  /// believed.
  let stopsRuns: Bool
  let find: @Sendable (TrustEvidence) -> [Finding]

  init(
    name: String, raisedIf: String, meaning: String, advice: String, stopsRuns: Bool = false,
    find: @escaping @Sendable (TrustEvidence) -> [Finding]
  ) {
    self.name = name
    self.raisedIf = raisedIf
    self.meaning = meaning
    self.advice = advice
    self.stopsRuns = stopsRuns
    self.find = find
  }

  /// One place where a check is raised.
  struct Finding {
    /// What was measured there: a sentence.
    let because: String
    var attack: String?
    var source: String?
    var victim: String?
  }

  /// The flags this raises.
  func flags(_ evidence: TrustEvidence) -> [TrustFlag] {
    find(evidence).map { finding in
      TrustFlag(
        name: name, raisedBecause: finding.because, meaning: meaning, advice: advice,
        attack: finding.attack,
        source: finding.source, victim: finding.victim)
    }
  }

  /// Every check, the gravest first.
  public static let all: [TrustCheck] = [
    givesNoNumbers, gradientsDoNotArrive, belowChanceUnattacked, notAboveChance, givesProbabilities,
    changesWhenRepeated, changesInBatches, zeroGradients,
    standsWithoutBudget, blackBoxBeatsWhiteBox, oneStepBeatsMany, noiseDoesAsWell, lostAsPictures,
  ]
}

/// What checks look at.
public struct TrustEvidence: Sendable {
  /// What victims made of examples, for every attack and source.
  public let results: [TransferResult]
  public let plans: [AttackPlan]
  public let probes: [ModelProbe]
  public let classCount: Int
  /// What rounding to 8 bits did to the pictures of each attack and source.
  public let pictures: [PictureLoss]

  public init(
    results: [TransferResult] = [], plans: [AttackPlan] = [], probes: [ModelProbe] = [],
    classCount: Int = 0,
    pictures: [PictureLoss] = []
  ) {
    self.results = results
    self.plans = plans
    self.probes = probes
    self.classCount = classCount
    self.pictures = pictures
  }

  /// The flags that all checks raise.
  public func flags() -> [TrustFlag] { TrustCheck.all.flatMap { $0.flags(self) } }

  /// The accuracy of guessing.
  var chance: Double { 1 / Double(max(1, classCount)) }

  /// Whether a count of right answers lies above what guessing gives, beyond doubt.
  func isAboveChance(_ right: Int, of count: Int) -> Bool {
    wilsonInterval(successes: right, of: count).lowerBound > chance
  }

  func plan(_ name: String) -> AttackPlan? { plans.first { $0.name == name } }

  /// The results of attacks away from the label that look at the model: those whose strengths can
  /// be compared.
  var ownStrength: [TransferResult] {
    results.filter { result in
      guard let plan = plan(result.attack) else { return false }
      return !type(of: plan.attack).isControl && [.untargeted, .predicted].contains(plan.goal)
    }
  }
}

/// How many pictures of one attack and source still fooled it as computed, and as stored with 8
/// bits.
public struct PictureLoss: Equatable, Sendable {
  public let attack: String
  public let source: String
  public let fooling: Int
  public let foolingAsStored: Int

  public init(attack: String, source: String, fooling: Int, foolingAsStored: Int) {
    self.attack = attack
    self.source = source
    self.fooling = fooling
    self.foolingAsStored = foolingAsStored
  }
}

extension TransferResult {
  /// Which examples within a budget a victim had right.
  func right(_ epsilon: Double, _ victim: String) -> [Bool]? {
    guard let budget = epsilons.firstIndex(of: epsilon), let place = victims.firstIndex(of: victim)
    else { return nil }
    return predictions.select(0, budget).select(0, place).equals(labels).int64s().map { $0 != 0 }
  }
}

/// How two sets of answers to the same examples differ.
struct Discordance {
  /// How many only the first, and only the second had right.
  let onlyFirst: Int
  let onlySecond: Int

  /// - Precondition: as many in both.
  init(_ first: [Bool], _ second: [Bool]) {
    precondition(first.count == second.count)
    onlyFirst = zip(first, second).count { $0 && !$1 }
    onlySecond = zip(first, second).count { !$0 && $1 }
  }

  /// McNemar's exact p that both are right equally often.
  var p: Double { mcNemarExactTest(onlyFirst: onlyFirst, onlySecond: onlySecond) }

  /// By how many more the first is right, if that is beyond doubt at 1% for so many comparisons
  /// together.
  func margin(among comparisons: Int) -> Int? {
    onlyFirst > onlySecond && p * Double(comparisons) < 0.01 ? onlyFirst - onlySecond : nil
  }
}

extension [Bool] {
  var trueCount: Int { count(where: \.self) }
}

/// A share as people read it.
func percentText(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
