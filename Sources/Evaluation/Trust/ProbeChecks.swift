import Attacks
import Support

/// Trust checks on each model itself (`ModelProbe`), without examples made on other models.
extension TrustCheck {
  static let givesNoNumbers = TrustCheck(
    name: "outputs that are not numbers",
    raisedIf: "an output of a model for an unchanged image is infinite or not a number (NaN)",
    meaning: """
      An image with such outputs has no predicted class and counts as wrong. Its loss has no \
      usable gradient, so an attack cannot follow it.
      """,
    advice: """
      Look for a division by zero in the model, for damaged weights, for weights that were saved \
      after a training that diverged, and for a wrong range of the input.
      """,
    stops: .all
  ) { evidence in
    evidence.probes.filter { $0.brokenRows > 0 }.map { probe in
      Finding(
        because: "The outputs of \(probe.model) are infinite or not a number (NaN) for "
          + "\(probe.brokenRows) of \(probe.right.count) images.",
        victim: probe.model)
    }
  }

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
      that records no gradients. A model that really has no gradients can be attacked from its \
      logits ('square' or 'spsa'), through an ensemble, or through another model ('surrogate').
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

  static let notAboveChance = TrustCheck(
    name: "accuracy at chance without an attack",
    raisedIf: """
      the 95% interval of a model's accuracy on the first unchanged images contains 1/K, where K \
      is the number of classes
      """,
    meaning: """
      The model is no better than guessing: it was not trained, it was trained on other data, or \
      its input is scaled, coloured or laid out in another way than in its training. An attack has \
      no accuracy to take away.
      """,
    advice: """
      Compare the model's normalisation, its order of channels and its classes with those it was \
      trained with.
      """
  ) { evidence in
    evidence.probes.filter { probe in
      let interval = wilsonInterval(successes: probe.right.trueCount, of: probe.right.count)
      return interval.contains(evidence.chance)
    }.map { probe in
      Finding(
        because: "\(probe.model) classifies \(probe.right.trueCount) of the first "
          + "\(probe.right.count) unchanged images correctly.",
        victim: probe.model)
    }
  }

  static let givesProbabilities = TrustCheck(
    name: "probabilities instead of logits",
    raisedIf: "all outputs of a model are at least 0, and those of each image sum to 1",
    meaning: """
      Losses are computed from logits, so a loss applies a softmax to outputs that already went \
      through one. Its gradients become almost flat, and attacks look weaker than they are.
      """,
    advice: "Remove the softmax at the end of the model."
  ) { evidence in
    evidence.probes.filter(\.givesProbabilities).map { probe in
      Finding(
        because: "The outputs of \(probe.model) for each of \(probe.right.count) images are "
          + "a probability distribution.",
        victim: probe.model)
    }
  }

  static let changesWhenRepeated = TrustCheck(
    name: "answers change between evaluations",
    raisedIf: """
      the outputs for the same images, computed twice, differ by more than a thousandth of the \
      largest output
      """,
    meaning: """
      The model is random: dropout is active, or the model is randomised on purpose. The gradient \
      of one evaluation says little about the next one, and a single evaluation says little about \
      the model.
      """,
    advice: """
      Switch the model to its evaluation mode. If it is randomised on purpose, attack the average \
      over many evaluations.
      """
  ) { evidence in
    evidence.probes.filter { $0.changeWhenRepeated > changeThreshold }.map { probe in
      Finding(
        because: "The outputs of \(probe.model) change by up to "
          + "\(percentText(probe.changeWhenRepeated)) between two evaluations.",
        victim: probe.model)
    }
  }

  static let changesInBatches = TrustCheck(
    name: "answers depend on the batch",
    raisedIf: """
      the outputs for an image alone and in a batch differ by more than a thousandth of the \
      largest output, while repeated evaluations of the batch agree
      """,
    meaning: """
      The images of a batch influence each other: batch normalisation is in training mode. An \
      attack on one image then changes the outputs for other images, and accuracy depends on the \
      batch size.
      """,
    advice: "Switch the model to its evaluation mode."
  ) { evidence in
    evidence.probes.filter {
      $0.changeWhenAlone > changeThreshold && $0.changeWhenRepeated <= changeThreshold
    }.map { probe in
      Finding(
        because: "The outputs of \(probe.model) for an image alone differ by up to "
          + "\(percentText(probe.changeWhenAlone)) from those in a batch.",
        victim: probe.model)
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
      towards targets, or with examples from other models. Do not quote this model's accuracy \
      under the gradient of the cross-entropy.
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

  static let noiseDoesAsWell = TrustCheck(
    name: "noise does as well as the attack",
    raisedIf: """
      within the largest budget of an attack in ℓ∞, random sign noise makes a model wrong on at \
      least five images, the model is right no more often under the noise than under the attack on \
      it, and under the attack it is above chance
      """,
    meaning: """
      The attack is no better than random noise. The accuracy under it says nothing about an \
      attacker who uses knowledge of the model.
      """,
    advice: """
      Follow the advice for vanishing gradients: attack with a loss on logits that does not \
      saturate (loss=margin or loss=logits-ratio), towards targets, or with examples from other \
      models. Quote the lowest accuracy in the model's column of the transfer matrix.
      """
  ) { evidence in
    evidence.comparable.compactMap { result -> Finding? in
      guard let plan = evidence.plan(result.attack), plan.attack.norm == .linf,
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

  /// The largest change of an output that rounding can explain, as a share of the largest output.
  private static let changeThreshold = 1e-3
}
