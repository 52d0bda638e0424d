import Attacks
import Evaluation
import Support

/// How figures and tables name budgets.
///
/// The budget of most attacks limits the size of the perturbation. Attacks that do not project, such
/// as `itgsm`, use their budget as the size of each step, and go farther. Wherever the budget of
/// such an attack stands, its label says how many steps there were and what size they reached.
extension Grid {
  /// An attack and a budget: "fgsm, ε = 0.4", or "itgsm, 10 steps of 0.1, reached ℓ∞ 1".
  func heading(_ attack: String, _ epsilon: Double) -> String {
    "\(attack), \(budgetLabel(attack, epsilon))"
  }

  /// A budget of an attack: "ε = 0.4", or "10 steps of 0.1, reached ℓ∞ 1".
  func budgetLabel(_ attack: String, _ epsilon: Double) -> String {
    guard let reached = reachedBeyond(attack, epsilon) else {
      return "\(budgetSymbol(attack)) = \(budgetText(epsilon))"
    }
    return "\(steps(attack)) of \(budgetText(epsilon)), reached \(reached.norm.symbol) "
      + budgetText(reached.size)
  }

  /// Several budgets of an attack: "ε = 0.1, 0.2", or "10 steps of 0.1, 0.2 (reached ℓ∞ 0.9, 1)".
  func budgetLabel(_ attack: String, _ epsilons: [Double]) -> String {
    let list = epsilons.map(budgetText).joined(separator: ", ")
    let reached = epsilons.filter { $0 > 0 }.map { epsilon -> (norm: Norm?, text: String) in
      let found = reachedBeyond(attack, epsilon)
      return (found?.norm, budgetText(found?.size ?? epsilon))
    }
    guard let norm = reached.compactMap(\.norm).first else {
      return "\(budgetSymbol(attack)) = \(list)"
    }
    let sizes = reached.map(\.text).joined(separator: ", ")
    return "\(steps(attack)) of \(list) (reached \(norm.symbol) \(sizes))"
  }

  func budgetSymbol(_ attack: String) -> String { provenance.attack(attack)?.budgetSymbol ?? "ε" }

  /// The title of an axis of an attack's budgets, with the unit unless the data are in [0, 1].
  func budgetAxis(_ attack: String) -> String {
    let unit = ownRange == nil || hasNoUnit(attack) ? "" : ", in the data's unit"
    let farthest = epsilons(for: attack).reversed().lazy.compactMap {
      reachedBeyond(attack, $0)
    }.first
    if let farthest {
      let each =
        provenance.attack(attack)?.parameters["steps"].map { "each of \($0) steps" } ?? "each step"
      return "ε of \(each), reaching \(farthest.norm.symbol) \(budgetText(farthest.size))" + unit
    }
    return "budget " + budgetSymbol(attack) + unit
  }

  /// The largest size that an attack's perturbations reached within a budget, if it is larger than
  /// the budget; nil for attacks that keep within their budget, and if the sizes are not recorded.
  func reachedBeyond(_ attack: String, _ epsilon: Double) -> (norm: Norm, size: Double)? {
    guard epsilon > 0, !hasNoUnit(attack) else { return nil }
    // An attack whose norm is not recorded goes beyond its budget in every norm if it does so in ℓ∞,
    // which is never larger than the others.
    let name = provenance.attack(attack)?.parameters["norm"]
    let norm = name.flatMap(Norm.init) ?? .linf
    let sizes = spending.filter { $0.attack == attack }.compactMap { record in
      record.reached.first { $0.epsilon == epsilon }?.norms[norm.rawValue]?.largest
    }
    guard let size = sizes.max(), size > epsilon * 1.001 else { return nil }
    return (norm, size)
  }

  /// Whether an attack's budget has no unit: budgets in ℓ0 are shares of the features, and those with
  /// another symbol than ε are shares, severities or factors.
  private func hasNoUnit(_ attack: String) -> Bool {
    provenance.attack(attack)?.parameters["norm"] == Norm.l0.rawValue || budgetSymbol(attack) != "ε"
  }

  private func steps(_ attack: String) -> String {
    provenance.attack(attack)?.parameters["steps"].map { "\($0) steps" } ?? "steps"
  }

  /// The valid range of the data's values; nil if it is [0, 1] or not recorded.
  private var ownRange: ClosedRange<Double>? {
    provenance.valueRange.flatMap { $0 == 0...1 ? nil : $0 }
  }

  /// The sentence about the unit of budgets; nil for data in [0, 1].
  var unitSentence: String? {
    ownRange.map { "Budgets are in the data's own unit; valid values range from \($0.words)." }
  }

  /// An attack's budgets above 0.
  func positiveBudgets(for attack: String) -> [Double] { epsilons(for: attack).filter { $0 > 0 } }

  /// The budget that a report shows first: the middle one of those above 0; nil if there is none.
  public func middleBudget(for attack: String) -> Double? {
    let budgets = positiveBudgets(for: attack)
    return budgets.isEmpty ? nil : budgets[budgets.count / 2]
  }

  /// A victim's result on unchanged images: the attack's own at budget 0 if there is one, otherwise
  /// the one of another attack with the most examples.
  func cleanCell(victim: String, attack: String? = nil) -> GridCell? {
    let clean = cells.filter { $0.epsilon == 0 && $0.victim == victim }
    return clean.first { $0.attack == attack } ?? clean.max { $0.examples < $1.examples }
  }

  /// The largest number of models whose transfer matrices and curves a page shows in full. Of more
  /// models it shows the worst case and the mean over the source models, and folds the rest.
  static let mostShownInFull = 6

  /// Whether the grid has more models than a page shows in full.
  var isLarge: Bool { models.count > Self.mostShownInFull }
}
