import Attacks
import Evaluation

extension Grid {
  /// Which attacks the worst case covers and which it does not, and why, as sentences.
  var worstCaseScope: [String] {
    let covered = Norm.allCases.compactMap { norm -> (norm: Norm, attacks: [String])? in
      let here = worstCases.filter { $0.norm == norm.rawValue }.flatMap(\.attacks)
      let names = attacks.filter(here.contains)
      return names.isEmpty ? nil : (norm, names)
    }
    let included = covered.map { "In \($0.norm.symbol): \(listed($0.attacks))." }
    let beyond = covered.flatMap(\.attacks).filter { attack in
      positiveBudgets(for: attack).contains { reachedBeyond(attack, $0) != nil }
    }
    let counted =
      beyond.isEmpty
      ? []
      : [
        "\(listed(beyond)): the budget is the size of one step, so each example counts from the "
          + "size on that it reached."
      ]
    let missing = attacks.filter { attack in
      !positiveBudgets(for: attack).isEmpty && !covered.contains { $0.attacks.contains(attack) }
    }
    let most = worstCases.map(\.images).max() ?? 0
    return included + counted + missing.map { "Not in it: \($0), \(reason($0, most))." }
  }

  /// Why the worst case does not cover an attack.
  private func reason(_ attack: String, _ most: Int) -> String {
    let images = cells.filter { $0.attack == attack }.map(\.images).max() ?? 0
    if budgetSymbol(attack) != "ε" && provenance.attack(attack)?.parameters["norm"] == nil {
      return "whose budget \(budgetSymbol(attack)) is not the size of a perturbation in a norm"
    }
    return images < most
      ? "which was given \(images) images instead of \(most)"
      : "whose budget is not the size of a perturbation in a norm"
  }
}
