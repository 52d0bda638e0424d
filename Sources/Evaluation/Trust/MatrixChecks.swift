import Attacks
import Support

/// Trust checks on what an evaluation measures anyway: the predictions for the adversarial
/// examples.
extension TrustCheck {
  static let belowChanceUnattacked = TrustCheck(
    name: "accuracy below chance without an attack",
    raisedIf: """
      the 95% interval of a model's accuracy on the unchanged images lies below 1/K, where K is \
      the number of classes
      """,
    meaning: """
      A model that is worse than guessing is used in the wrong way: its classes are in another \
      order than the data's, or its input is scaled or coloured in another way than in its \
      training. No accuracy of this model means anything.
      """,
    advice: """
      Before anything else, compare the model's order of classes and its preprocessing with those \
      it was trained with.
      """
  ) { evidence in
    let clean = evidence.results.flatMap { $0.cells() }.filter { $0.epsilon == 0 }
    var seen: Set<String> = []
    let measured = clean.map {
      (model: $0.victim, right: $0.correct, of: $0.examples, upper: $0.interval.upperBound)
    }
    let probed = evidence.probes.map { probe in
      let interval = wilsonInterval(successes: probe.right.trueCount, of: probe.right.count)
      return (
        model: probe.model, right: probe.right.trueCount, of: probe.right.count,
        upper: interval.upperBound
      )
    }
    return (measured + probed).filter {
      $0.upper < evidence.chance && seen.insert($0.model).inserted
    }.map { found in
      Finding(
        because: "\(found.model) classifies \(found.right) of \(found.of) unchanged images "
          + "correctly, less than one in \(evidence.classCount).", victim: found.model)
    }
  }

  static let oneStepBeatsMany = TrustCheck(
    name: "one step beats many",
    raisedIf: """
      an attack that uses one gradient fools a model more often than an attack that uses several, \
      within the same budget, norm and goal (McNemar's exact test at 1% for all comparisons \
      together)
      """,
    meaning: """
      An attack of many steps can find everything that a single step finds. If it does worse, its \
      steps are too short or too few, or the gradients near the images point in useless \
      directions: the attack of many steps is not at its full strength.
      """,
    advice: """
      Use more steps (steps=100) or longer ones, several random starts (restarts=5), and a loss \
      that does not saturate (loss=margin or loss=logits-ratio).
      """
  ) { evidence in
    let results = evidence.comparable
    func gradients(_ result: TransferResult) -> Double {
      Double(result.cost.backwards) / Double(result.labels.count)
    }
    let pairs = results.filter { gradients($0) > 0 && gradients($0) <= 1 }.flatMap { one in
      results.filter { many in
        guard let a = evidence.plan(one.attack), let b = evidence.plan(many.attack) else {
          return false
        }
        return many.source == one.source && gradients(many) >= 2 && a.attack.norm == b.attack.norm
          && a.goal == b.goal && a.mayChangeNoMore(than: b)
          && many.labels.count == one.labels.count
      }.map { (one, $0) }
    }
    let comparisons = pairs.reduce(0) { $0 + $1.0.epsilons.count { $0 > 0 } }
    return pairs.compactMap { one, many -> Finding? in
      let found = one.epsilons.filter { $0 > 0 }.compactMap {
        epsilon -> (margin: Int, epsilon: Double, one: Int, many: Int)? in
        guard let short = one.right(epsilon, one.source), let long = many.right(epsilon, one.source)
        else { return nil }
        guard let margin = Discordance(long, short).margin(among: comparisons) else { return nil }
        return (margin, epsilon, short.trueCount, long.trueCount)
      }
      guard let worst = found.max(by: { $0.margin < $1.margin }) else { return nil }
      return Finding(
        because: "Within a budget of \(worst.epsilon.plainDecimal), \(one.source) classifies "
          + "\(worst.one) of \(one.labels.count) images correctly under \(one.attack), and "
          + "\(worst.many) under \(many.attack).",
        attack: many.attack, source: one.source, victim: one.source)
    }
  }

  static let lostAsPictures = TrustCheck(
    name: "examples lost as 8-bit pictures",
    raisedIf: """
      more than one in twenty of the examples that fool their source model as computed do not fool \
      it as exported pictures
      """,
    meaning: """
      A picture has 256 levels, and rounding to them removes the smallest perturbations. People \
      and programs that look at the pictures see fewer adversarial examples than the grid counts.
      """,
    advice: """
      Choose pictures by the column predicted_after_export of manifest.csv, or use a larger \
      budget. A budget below one level, 1/255 of the range of the pixels, cannot be stored in a \
      picture at all.
      """
  ) { evidence in
    evidence.pictures.filter { 20 * ($0.fooling - $0.foolingAsStored) > $0.fooling }.map { loss in
      Finding(
        because: "\(loss.fooling - loss.foolingAsStored) of the \(loss.fooling) examples that fool "
          + "\(loss.source) do not fool it as 8-bit pictures.",
        attack: loss.attack, source: loss.source)
    }
  }
}
