import Foundation
import ModelCore
import Support

/// Bisection: for each image, the smallest budget with which another attack reaches its goal.
///
/// Each image has an interval of budgets. The attack succeeds with the budget at its upper end and
/// fails with the one at its lower end (which at first is 0, and not tried). Each halving tries the
/// middle, until the interval is narrow relative to its upper end, or the number of halvings is
/// used up. If the attack succeeds with every budget above some limit and with none below it, the
/// result is above this limit by at most the share `precision` of itself (or by upper / 2^halvings,
/// if that is more). Otherwise it is the upper end of some interval in which the attack begins to
/// succeed. An image for which the attack fails with the largest budget is unchanged. An attack
/// succeeds if it reaches the goal by more than rounding (`Goal.isClearlyReached`).
///
/// The cost is one run of the other attack for the largest budget and one for each halving: for the
/// default precision of 1/256 and an upper end of 1, 9 halvings for an image that needs a budget of
/// 0.5 to 1, 12 for 0.1, and 15 for 0.01.
///
/// Use it to measure distances to the decision boundary with an attack that has a budget. Settings
/// that this attack does not have go to the attack named by `of`.
public struct Bisection: SmallestPerturbationAttack, Configurable {
  public static let name = "bisection"
  public static let title = "bisection of another attack's budget"
  public static let summary =
    "the smallest budget of another attack (of=pgd, …) for each image, by bisection"
  public static let defaultGoal = GoalRule.untargeted
  public var attack: any Attack
  /// The largest budget that is tried, in the units of the attack; nil for the largest possible
  /// one.
  public var upper: Double?
  /// The largest number of halvings.
  public var halvings: Int
  /// The width of an interval, as a share of its upper end, at which the search ends.
  public var precision: Double

  /// - Precondition: `attack` searches within a budget.
  public init(
    of attack: any Attack, upper: Double? = nil, halvings: Int = 24, precision: Double = 1.0 / 256
  ) {
    precondition(
      type(of: attack).searchesWithinBudget, "an attack without a budget cannot be bisected")
    self.attack = attack
    self.upper = upper
    self.halvings = halvings
    self.precision = precision
  }

  public static let settings: [Setting<Bisection>] = [
    .attack(
      "of", \.attack,
      among: { $0.searchesWithinBudget && !$0.runsAnotherAttack && $0.budgetIsSize },
      "attack whose smallest budget is searched for"),
    .optionalDouble(
      "upper", \.upper, in: 1e-9...1e9,
      "largest budget tried; if not given, the largest possible one"),
    .int("halvings", \.halvings, in: 1...50, "largest number of halvings of the interval"),
    .double(
      "precision", \.precision, in: 0...1,
      "width of the interval, as a share of its upper end, at which the search ends"),
  ]

  public init(_ settings: Settings) throws {
    self.init(of: ProjectedGradientDescent())
    try read(settings)
  }

  public static let runsAnotherAttack = true
  public var needsPictures: Bool { attack.needsPictures }
  public var views: [any GradientView] {
    get { attack.views }
    set { attack.views = newValue }
  }
  public var usesGradients: Bool { attack.usesGradients }
  public var dependencies: [String: String] { attack.dependencies }
  public var files: [URL] { attack.files }
  public var norm: Norm { attack.norm }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    attack.threat(budget, against: classifier)
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  )
    -> Tensor
  {
    // images [N, …]; low and high are the ends of each image's interval
    let top = upper ?? largestBudget(classifier)
    var results = images
    let reached = goal.isReached(classifier.predictions(images)).int64s()
    var open = reached.indices.filter { reached[$0] == 0 }
    var low = [Double](repeating: 0, count: reached.count)
    var high = low

    /// Tries one budget on some images, and keeps the adversarial images that reach the goal.
    /// - Returns: whether each image reaches the goal.
    func trial(_ budget: Double, _ places: [Int], _ purpose: String) -> [Bool] {
      let rows = Tensor(labels: places).to(images.device)
      let part = goal.at(rows)
      let threat = threat(budget, against: classifier)
      let found = attack.perturb(
        images.indexSelect(0, rows), part, within: threat, against: classifier,
        draws: draws.rows(rows).purpose(purpose))
      let succeeded = part.isClearlyReached(withoutGradients { classifier.logits(found) })
      let kept = succeeded.perImage(like: found).choose(found, else: results.indexSelect(0, rows))
      results = results.replacingRows(rows, with: kept)
      return succeeded.int64s().map { $0 != 0 }
    }

    guard !open.isEmpty else { return images }
    open = zip(open, trial(top, open, "upper")).filter { $0.1 }.map { $0.0 }
    for place in open { high[place] = top }
    for halving in 0..<halvings {
      open = open.filter { high[$0] - low[$0] > precision * high[$0] }
      // Images with the same interval are tried together, as one batch.
      let groups = Dictionary(grouping: open) { (low[$0] + high[$0]) / 2 }
      for (budget, places) in groups.sorted(by: { $0.key < $1.key }) {
        for (place, succeeds) in zip(places, trial(budget, places, "halving \(halving)")) {
          if succeeds { high[place] = budget } else { low[place] = budget }
        }
      }
    }
    return results
  }

  /// The distance between the two images that are farthest apart. In ℓ0, budgets are shares of the
  /// features, and the largest one is 1.
  private func largestBudget(_ classifier: any Classifier) -> Double {
    // In ℓ0, a budget is a share of the features.
    norm == .l0
      ? 1 : norm.largestSize(in: classifier.valueRange, features: classifier.inputShape.count)
  }
}
