import Attacks
import Support

/// Trust checks on the gradients of each model itself (`ModelProbe`), and on attacks that follow
/// them.
extension TrustCheck {
  static let gradientsDoNotArrive = TrustCheck(
    name: "no gradient reaches the input",
    raisedIf: """
      the input gradient of the loss is exactly zero for every image, both for its label and for \
      the class after it
      """,
    meaning: """
      The outputs do not depend on the input in a differentiable way: somewhere in the model, \
      numbers are rounded, detached from the graph of operations, or turned into classes. Attacks \
      that follow gradients cannot change a pixel, and every image would count as robust.
      """,
    advice: """
      Export the model up to its logits, without an argmax, without rounding, and without a block \
      that records no gradients. A model that really has no gradients can be attacked without them \
      ('square' or 'spsa') or through another model ('surrogate').
      """,
    stops: .withGradients
  ) { evidence in
    evidence.probes.filter { probe in
      probe.brokenRows == 0
        && (probe.gradientNorms + probe.nextGradientNorms).allSatisfy { $0 == 0 }
    }.map { probe in
      Finding(
        because: "All \(probe.gradientNorms.count) input gradients of \(probe.model) are exactly "
          + "zero, for the labels and for the classes after them.",
        source: probe.model)
    }
  }

  static let gradientsAreNoNumbers = TrustCheck(
    name: "gradients that are not numbers",
    raisedIf: """
      the outputs of a model for an unchanged image are numbers, but the input gradient of the \
      loss is infinite or not a number (NaN)
      """,
    meaning: """
      An attack that follows such a gradient makes an image that is not an image. The cause is an \
      operation that has a value but no derivative at a point, such as a square root at zero.
      """,
    advice: """
      Look for roots, norms, divisions and logarithms of numbers that may be zero, and add a small \
      number before each. Until then, attack without gradients ('square' or 'spsa').
      """
  ) { evidence in
    evidence.probes.filter { $0.brokenGradients > $0.brokenRows }.map { probe in
      Finding(
        because: "The input gradients of \(probe.model) are infinite or not a number (NaN) for "
          + "\(probe.brokenGradients) of \(probe.right.count) images.",
        source: probe.model)
    }
  }

  static let zeroGradients = TrustCheck(
    name: "vanishing gradients",
    raisedIf: "the input gradient of the loss is exactly zero for more than one image in twenty",
    meaning: """
      Where the gradient is zero, an attack that follows it changes nothing, and the image counts \
      as robust. In float32 this happens when a model is so certain that the loss underflows, for \
      example after distillation at a high temperature. It is a property of the arithmetic, not of \
      the model.
      """,
    advice: """
      Attack with a loss on logits that does not saturate (loss=margin or loss=logits-ratio), \
      towards targets, with examples from other models, or without gradients ('square'). Do not \
      quote this model's accuracy under the gradient of the cross-entropy.
      """
  ) { evidence in
    evidence.probes.filter { $0.zeroGradients > 0.05 && $0.brokenRows == 0 }.map { probe in
      Finding(
        because:
          "\(percentText(probe.zeroGradients)) of \(probe.gradientNorms.count) input gradients "
          + "of \(probe.model) are exactly zero.", source: probe.model)
    }
  }

  static let standsWithoutBudget = TrustCheck(
    name: "robust without a budget",
    raisedIf: """
      a model stays above chance under twenty gradient-sign steps that may change every pixel to \
      any valid value
      """,
    meaning: """
      An image that may become any other image can always be misclassified. An attack that does \
      not achieve this fails for reasons of its own, at every budget: its gradients vanish, are \
      random, or point in useless directions.
      """,
    advice: """
      Do not read this model's accuracy under gradient attacks as robustness. Use other losses \
      (loss=margin or loss=logits-ratio), examples from other models, or attacks without gradients \
      ('square' or 'spsa').
      """
  ) { evidence in
    evidence.probes.filter { evidence.isAboveChance($0.rightUnderAttack, of: $0.attacked) }.map {
      probe in
      Finding(
        because: "\(probe.model) still classifies \(probe.rightUnderAttack) of \(probe.attacked) "
          + "images correctly when every pixel may take any valid value.",
        source: probe.model, victim: probe.model)
    }
  }

  static let gradientsDoNotMatch = TrustCheck(
    name: "outputs that do not follow the gradients",
    raisedIf: """
      over a small step along the gradient (2% of the range of the values to either side), the \
      difference of the two largest logits changes by less than 0.9 times or more than 1.1 times \
      what the gradient promises in the median of the first 64 images, or by less than 0.75 times \
      or more than 1.33 times as much in one image in ten; models whose outputs are random are \
      left out
      """,
    meaning: """
      The change of a smooth function is the integral of its gradient, however curved the function \
      is. Here it is not: a part of the model rounds, jumps, saturates, or passes no gradient. \
      Attacks that follow the gradients climb another function than the model, so the accuracy \
      under them may be far above the model's robustness.
      """,
    advice: """
      Look for rounding, sorting, steep functions, and blocks that record no gradients. Attack the \
      model without gradients ('square' or 'spsa') or with examples from other models, or attack a \
      copy in which a smooth function replaces that part.
      """
  ) { evidence in
    evidence.probes.compactMap { probe in
      guard let slopes = probe.slopes, slopes.areOff else { return nil }
      return Finding(
        because: slopes.text(probe.model), source: probe.model, victim: probe.model)
    }
  }

  static let gradientFreeWins = TrustCheck(
    name: "an attack without gradients beats one with gradients",
    raisedIf: """
      within a budget of a fifth of the range of the values, a model is wrong on more of the first \
      64 images under the Square attack (100 queries) than under projected gradient descent (20 \
      steps), by McNemar's exact test at 1%, and under the latter it is above chance; `crossfire \
      inspect --deep` compares 256 images, 1,000 queries and 100 steps within 3%, 10% and 30%
      """,
    meaning: """
      The Square attack sees logits only. An attack that sees gradients as well does worse only if \
      the gradients lead it in useless directions. The model's accuracy under gradient attacks is \
      not its robustness.
      """,
    advice: """
      Quote the lowest accuracy under all attacks. Attack the model without gradients ('square' or \
      'spsa'), with examples from other models, and with a loss on logits that does not saturate \
      (loss=margin or loss=logits-ratio).
      """
  ) { evidence in
    evidence.probes.compactMap { probe in
      let lost = probe.contests.compactMap { contest -> (margin: Int, AttackContest)? in
        guard let free = contest.withoutGradient,
          evidence.isAboveChance(contest.underGradient.trueCount, of: free.count),
          let margin = Discordance(contest.underGradient, free).margin(
            among: probe.contests.count)
        else { return nil }
        return (margin, contest)
      }
      guard let worst = lost.max(by: { $0.margin < $1.margin })?.1 else { return nil }
      return Finding(because: worst.text(probe.model), source: probe.model, victim: probe.model)
    }
  }

  static let noiseDoesAsWell = TrustCheck(
    name: "noise does as well as the attack",
    raisedIf: """
      within the largest budget of an attack in ℓ∞ that no mask limits, random sign noise makes a \
      model wrong on at \
      least five images, the model is right no more often under the noise than under the attack on \
      it, and under the attack it is above chance
      """,
    meaning: """
      The attack is no better than random noise. The accuracy under it says nothing about an \
      attacker who uses knowledge of the model.
      """,
    advice: """
      Attack with a loss on logits that does not saturate (loss=margin or loss=logits-ratio), \
      towards targets, with examples from other models, or without gradients ('square'). Quote the \
      lowest accuracy in the model's column of the transfer matrix.
      """
  ) { evidence in
    evidence.comparable.compactMap { result -> Finding? in
      guard let plan = evidence.plan(result.attack), plan.attack.norm == .linf, plan.mask == nil,
        result.examplesPerImage == 1,
        let epsilon = result.epsilons.last,
        let probe = evidence.probes.first(where: { $0.model == result.source }),
        let noise = probe.noises.first(where: { $0.epsilon == epsilon }),
        let attacked = result.right(epsilon, result.source)
      else { return nil }
      let count = min(attacked.count, noise.right.count)
      guard count > 0 else { return nil }
      let underAttack = Array(attacked.prefix(count))
      let underNoise = Array(noise.right.prefix(count))
      let spoiled = Discordance(Array(probe.right.prefix(count)), underNoise).onlyFirst
      guard spoiled >= 5, underNoise.trueCount <= underAttack.trueCount,
        evidence.isAboveChance(underAttack.trueCount, of: count)
      else { return nil }
      return Finding(
        because: "Within a budget of \(epsilon.plainDecimal), \(result.source) classifies "
          + "\(underAttack.trueCount) of \(count) images correctly under \(result.attack), and "
          + "\(underNoise.trueCount) under random sign noise.",
        attack: result.attack, source: result.source, victim: result.source)
    }
  }
}
