import ModelCore
import Support

/// The smallest budget of each image with which another attack reaches its goal, found by halving
/// an interval: it succeeds at the interval's end and fails at its beginning, or (at first) nothing
/// is tried there.
///
/// The answer is exact to upper / 2^halvings for an attack that succeeds with every larger budget
/// once it succeeds with one, and otherwise the end of some interval in which it begins to succeed.
/// An image the attack cannot turn with the upper bound stays as it was. Settings that it does not
/// know go to the attack `of`.
public struct Bisection: SmallestPerturbationAttack, Configurable {
  public static let name = "bisection"
  public static let title = "bisection of another attack's budget"
  public static let summary =
    "each image's smallest budget for another attack (of=pgd, …), by halving an interval"
  public static let defaultGoal = GoalRule.untargeted
  public var attack: any Attack
  /// The largest budget tried, in the attack's units; nil: the largest that makes a difference.
  public var upper: Double?
  public var halvings: Int

  /// - Precondition: `attack` searches within a budget.
  public init(of attack: any Attack, upper: Double? = nil, halvings: Int = 10) {
    precondition(type(of: attack).searchesWithinBudget, "there is no budget to bisect")
    self.attack = attack
    self.upper = upper
    self.halvings = halvings
  }

  public static let settings: [Setting<Bisection>] = [
    .attack(
      "of", \.attack, among: { $0.searchesWithinBudget && !$0.runsAnotherAttack },
      "the attack whose budget is sought"),
    .optionalDouble(
      "upper", \.upper, in: 1e-9...1e9,
      "largest budget tried; else the largest that makes a difference"),
    .int("halvings", \.halvings, in: 1...50, "how often the interval is halved"),
  ]

  public init(_ settings: Settings) throws {
    self.init(of: ProjectedGradientDescent())
    try read(settings)
  }

  public static let runsAnotherAttack = true
  public var needsPictures: Bool { attack.needsPictures }
  public var dependencies: [String: String] { attack.dependencies }
  public var norm: Norm { attack.norm }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    attack.threat(budget, against: classifier)
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  )
    -> Tensor
  {
    // images [N, C, H, W]; low and high are each image's interval
    let top = upper ?? largestBudget(classifier)
    var results = images
    let reached = goal.isReached(classifier.predictions(images)).int64s()
    var open = reached.indices.filter { reached[$0] == 0 }
    var low = [Double](repeating: 0, count: reached.count)
    var high = low

    /// Tries one budget on some images, keeps the images with which it succeeds, and says which
    /// those are.
    func trial(_ budget: Double, _ places: [Int], _ purpose: String) -> [Bool] {
      let rows = Tensor(labels: places).to(images.device)
      let part = goal.at(rows)
      let threat = threat(budget, against: classifier)
      let found = attack.perturb(
        images.indexSelect(0, rows), part, within: threat, against: classifier,
        draws: draws.rows(rows).purpose(purpose))
      let succeeded = part.isReached(classifier.predictions(found))
      let kept = succeeded.perImage(like: found).choose(found, else: results.indexSelect(0, rows))
      results = results.replacingRows(rows, with: kept)
      return succeeded.int64s().map { $0 != 0 }
    }

    guard !open.isEmpty else { return images }
    open = zip(open, trial(top, open, "upper")).filter { $0.1 }.map { $0.0 }
    for place in open { high[place] = top }
    for halving in 0..<halvings {
      // Images whose intervals are the same are tried together.
      let groups = Dictionary(grouping: open) { (low[$0] + high[$0]) / 2 }
      for (budget, places) in groups.sorted(by: { $0.key < $1.key }) {
        for (place, succeeds) in zip(places, trial(budget, places, "halving \(halving)")) {
          if succeeds { high[place] = budget } else { low[place] = budget }
        }
      }
    }
    return results
  }

  /// The distance between the two images that are farthest apart; all features, in ℓ0, where
  /// budgets are shares of them.
  private func largestBudget(_ classifier: any Classifier) -> Double {
    let width = classifier.valueRange.upperBound - classifier.valueRange.lowerBound
    let features = Double(classifier.inputShape.count)
    return switch norm {
    case .linf: width
    case .l2: width * features.squareRoot()
    case .l1: width * features
    case .l0: 1
    }
  }
}
