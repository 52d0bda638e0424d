import Attacks
import Support

/// Checks that ask a model itself.
extension TrustCheck {
  static let givesNoNumbers = TrustCheck(
    name: "outputs that are not numbers",
    raisedIf: "an output of a model on an unchanged image is infinite or not a number",
    meaning: "Such a row is no class and never right, and nothing can be followed from it.",
    advice:
      "Look for a division by zero in the model, for weights that were damaged or saved after a training that diverged, and for a wrong range of its input.",
    stopsRuns: true
  ) { evidence in
    evidence.probes.filter { $0.brokenRows > 0 }.map { probe in
      Finding(
        because:
          "\(probe.brokenRows) of \(probe.right.count) rows of outputs of \(probe.model) are not finite.",
        victim: probe.model)
    }
  }

  static let gradientsDoNotArrive = TrustCheck(
    name: "no gradient reaches the input",
    raisedIf:
      "the input gradient of the loss is exactly zero for every image, for its label and for the class after it",
    meaning:
      "The outputs do not depend on the input in a way that can be differentiated: somewhere inside numbers are rounded, detached from their history, or turned into classes. Attacks along gradients cannot move a pixel, and every image would count as robust.",
    advice:
      "Export the model up to its logits, without argmax, rounding, or a block that records no gradients; a model that really has none can be attacked through an ensemble or a surrogate.",
    stopsRuns: true
  ) { evidence in
    evidence.probes.filter { probe in
      probe.brokenRows == 0
        && (probe.gradientNorms + probe.nextGradientNorms).allSatisfy { $0 == 0 }
    }.map { probe in
      Finding(
        because:
          "All \(probe.gradientNorms.count) input gradients of \(probe.model) are exactly zero, twice.",
        source: probe.model)
    }
  }

  static let notAboveChance = TrustCheck(
    name: "accuracy at chance without an attack",
    raisedIf: "the 95% interval of a model's accuracy on the first unchanged images holds 1/K",
    meaning:
      "The model does no better than guessing: it was not trained, not on such data, or sees its input scaled, coloured or laid out in another way than it was trained with. There is nothing for an attack to take away.",
    advice:
      "Compare its normalisation, its order of channels and its classes with those it was trained with."
  ) { evidence in
    evidence.probes.filter { probe in
      let interval = wilsonInterval(successes: probe.right.trueCount, of: probe.right.count)
      return interval.contains(evidence.chance)
    }.map { probe in
      Finding(
        because:
          "\(probe.model) has \(probe.right.trueCount) of the first \(probe.right.count) unchanged images right.",
        victim: probe.model)
    }
  }

  static let givesProbabilities = TrustCheck(
    name: "probabilities instead of logits",
    raisedIf: "all outputs of a model are at least 0 and sum to one",
    meaning:
      "Losses are taken of logits, and would apply a softmax to what already is one: gradients become almost flat, and attacks look weaker than they are.",
    advice: "Remove the softmax at the end of the model."
  ) { evidence in
    evidence.probes.filter(\.givesProbabilities).map { probe in
      Finding(
        because:
          "The \(probe.right.count) rows of outputs of \(probe.model) that were looked at are distributions.",
        victim: probe.model)
    }
  }

  static let changesWhenRepeated = TrustCheck(
    name: "answers change between evaluations",
    raisedIf:
      "the outputs for the same images, computed twice, differ by more than a thousandth of the largest",
    meaning:
      "The model is random: dropout was left on, or it randomises on purpose. Gradients of one draw say little about the next, and a single evaluation about any.",
    advice:
      "Evaluate in evaluation behaviour; attack a randomised defense through an average over many draws."
  ) { evidence in
    evidence.probes.filter { $0.changeWhenRepeated > changeThreshold }.map { probe in
      Finding(
        because:
          "Outputs of \(probe.model) change by up to \(percentText(probe.changeWhenRepeated)).",
        victim: probe.model)
    }
  }

  static let changesInBatches = TrustCheck(
    name: "answers depend on the batch",
    raisedIf:
      "the outputs for an image alone and in a batch differ by more than a thousandth of the largest, and do not when repeated",
    meaning:
      "Images influence each other: batch normalisation was left in training behaviour. An attack on one image then changes the answers to its neighbours, and accuracy depends on the batch size.",
    advice: "Evaluate in evaluation behaviour."
  ) { evidence in
    evidence.probes.filter {
      $0.changeWhenAlone > changeThreshold && $0.changeWhenRepeated <= changeThreshold
    }.map {
      probe in
      Finding(
        because:
          "Outputs of \(probe.model) for an image alone are up to \(percentText(probe.changeWhenAlone)) away from "
          + "those in a batch.", victim: probe.model)
    }
  }

  static let zeroGradients = TrustCheck(
    name: "vanishing gradients",
    raisedIf: "the input gradient of the loss is exactly zero for more than one image in twenty",
    meaning:
      "Where the gradient is zero an attack along it changes nothing, and the image counts as robust. In float32 this happens when a model is so sure of itself that the loss underflows (distillation at a high temperature does it): a property of the arithmetic, not of the model.",
    advice:
      "Attack with a loss on logits that does not saturate (margin or dlr), towards targets, or with examples from other models; do not quote this model's accuracy under the gradient of its own loss."
  ) { evidence in
    evidence.probes.filter { $0.zeroGradients > 0.05 && $0.brokenRows == 0 }.map { probe in
      Finding(
        because:
          "\(percentText(probe.zeroGradients)) of \(probe.gradientNorms.count) input gradients of \(probe.model) are "
          + "exactly zero.", source: probe.model)
    }
  }

  static let standsWithoutBudget = TrustCheck(
    name: "robust without a budget",
    raisedIf:
      "a model stays above chance under twenty gradient-sign steps that may turn every pixel into any value",
    meaning:
      "An image that may become any other can always be misclassified. An attack that does not manage it fails for reasons of its own, at every budget: its gradients vanish, are random or point nowhere.",
    advice:
      "Do not read this model's accuracy under gradient attacks as robustness; use other losses, other models' examples, or attacks without gradients."
  ) { evidence in
    evidence.probes.filter { evidence.isAboveChance($0.rightUnderAttack, of: $0.attacked) }.map {
      probe in
      Finding(
        because:
          "\(probe.model) still has \(probe.rightUnderAttack) of \(probe.attacked) images right.",
        source: probe.model, victim: probe.model)
    }
  }

  static let noiseDoesAsWell = TrustCheck(
    name: "noise does as well as the attack",
    raisedIf:
      "within an attack's largest budget random signs spoil at least as many of a model's right answers as the attack on that model does, at least five, and the attack leaves it above chance",
    meaning:
      "What the attack knows of the model is worth nothing, so its accuracy says nothing about a knowing attacker.",
    advice: "See what is said of vanishing gradients; read the column's lowest number."
  ) { evidence in
    evidence.ownStrength.compactMap { result -> Finding? in
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
        because:
          "Within \(epsilon.plainDecimal), \(result.source) keeps \(underAttack.trueCount) of \(count) images right "
          + "under \(result.attack) and \(underNoise.trueCount) under random signs.",
        attack: result.attack, source: result.source, victim: result.source)
    }
  }

  private static let changeThreshold = 1e-3
}
