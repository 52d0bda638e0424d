import Attacks
import Support

extension TrustCheck {
  public static let blackBoxBeatsWhiteBox = TrustCheck(
    name: "a black-box attack beats the white-box one",
    raisedIf: """
      within the same budget and on the same images, a model is wrong more often on examples made \
      on another model than on its own examples by the same attack, or more often on examples made \
      on another model or without gradients than on those of the strongest attack that follows its \
      gradients in several steps (McNemar's exact test at 1% for all comparisons together), and on \
      its own examples it is above chance
      """,
    meaning: """
      The model's own gradients lead the attack in useless directions, so its white-box accuracy \
      is not its robustness: an attacker who knows the model can do at least as well as an \
      attacker who does not. This is called gradient masking.
      """,
    advice: """
      Quote the lowest accuracy in the model's column of the transfer matrix, not the accuracy on \
      the diagonal. Attack the model with examples from other models, with a loss on logits that \
      does not saturate (loss=margin or loss=logits-ratio), or without gradients ('square').
      """
  ) { evidence in
    let duels = evidence.duels
    let lost = duels.compactMap { duel in
      evidence.isAboveChance(duel.white, of: duel.count)
        ? duel.discordance.margin(among: duels.count).map { ($0, duel) } : nil
    }
    return evidence.comparable.compactMap { own in
      lost.filter { $0.1.own.attack == own.attack && $0.1.own.source == own.source }
        .max { $0.0 < $1.0 }.map { Finding($0.1) }
    }
  }
}

extension TrustCheck.Finding {
  fileprivate init(_ duel: Duel) {
    let (own, rival) = (duel.own, duel.rival)
    let names =
      rival.attack == own.attack
      ? ("its own examples", "those made on \(rival.source)")
      : rival.source == own.source
        ? ("\(own.attack), which follows gradients", "\(rival.attack), which does not")
        : (own.attack, "the examples of \(rival.attack) made on \(rival.source)")
    self.init(
      because: "Within a budget of \(duel.epsilon.plainDecimal), \(own.source) classifies "
        + "\(duel.white) of \(duel.count) images correctly under \(names.0), and "
        + "\(duel.black) under \(names.1).",
      attack: own.attack, source: own.source, victim: own.source)
  }
}

/// Two attacks on one model within one budget: one that uses the model, and one that uses it less.
private struct Duel {
  let own: TransferResult
  let rival: TransferResult
  let epsilon: Double
  /// The number of examples that both have.
  let count: Int
  /// How many of them the model classifies correctly under its own examples, and under the rival.
  let white: Int
  let black: Int
  /// How the two differ.
  let discordance: Discordance
}

extension TrustEvidence {
  fileprivate var duels: [Duel] {
    comparable.flatMap { own in
      own.epsilons.filter { $0 > 0 }.flatMap { epsilon -> [Duel] in
        guard let all = own.right(epsilon, own.source) else { return [] }
        return rivals(of: own, within: epsilon).compactMap { rival in
          guard let others = rival.right(epsilon, own.source) else { return nil }
          let count = min(all.count, others.count)
          let (white, black) = (Array(all.prefix(count)), Array(others.prefix(count)))
          return Duel(
            own: own, rival: rival, epsilon: epsilon, count: count, white: white.trueCount,
            black: black.trueCount, discordance: Discordance(white, black))
        }
      }
    }
  }

  /// The results that should find no more adversarial examples than an attack on the model itself,
  /// because they may change no more of each image: those of the same attack on other models and,
  /// if the attack is the strongest one that follows gradients in several steps, all that do not
  /// use the model's gradients.
  private func rivals(of own: TransferResult, within epsilon: Double) -> [TransferResult] {
    guard let ownPlan = plan(own.attack) else { return [] }
    let norm = ownPlan.attack.norm
    let isStrongest = comparable.filter { other in
      guard let plan = plan(other.attack) else { return false }
      return other.source == own.source && followsGradients(other) && plan.attack.norm == norm
        && plan.mask == ownPlan.mask
    }.allSatisfy { other in
      guard let accuracy = other.accuracy(epsilon) else { return true }
      return (own.accuracy(epsilon) ?? 1) <= accuracy
    }
    return results.filter { rival in
      guard let plan = plan(rival.attack), !plan.goal.isTargeted,
        type(of: plan.attack).budgetIsSize,
        rival.examplesPerImage == own.examplesPerImage, plan.mayChangeNoMore(than: ownPlan)
      else { return false }
      if rival.attack == own.attack { return rival.source != own.source }
      return isStrongest && followsGradients(own) && plan.attack.norm == norm
        && (rival.source != own.source || rival.cost.backwards == 0)
        && rival.isWithin(epsilon, plan.attack)
    }
  }

  /// Whether an attack took several steps along gradients of its source model. One step may well be
  /// weaker than many queries.
  private func followsGradients(_ result: TransferResult) -> Bool {
    result.cost.backwards > 0 && !(plan(result.attack)?.attack is any OneDirectionAttack)
  }
}

extension TransferResult {
  /// The share of examples within a budget that their source model classifies correctly; nil if
  /// the result does not have the budget.
  fileprivate func accuracy(_ epsilon: Double) -> Double? {
    right(epsilon, source).map { Double($0.trueCount) / Double(max(1, $0.count)) }
  }

  /// Whether no perturbation within a budget is larger than the budget. An attack that gives its
  /// budget another meaning, such as a length for each step, exceeds it.
  fileprivate func isWithin(_ epsilon: Double, _ attack: any Attack) -> Bool {
    guard let budget = epsilons.firstIndex(of: epsilon),
      let norm = Norm.allCases.firstIndex(of: attack.norm), labels.count > 0
    else { return false }
    // The stored sizes are rounded to float32.
    return sizes.select(0, budget).select(0, norm).max().scalar <= epsilon * (1 + 1e-4)
  }
}
