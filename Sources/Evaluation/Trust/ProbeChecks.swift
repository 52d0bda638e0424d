import Attacks
import Foundation
import Support

/// Trust checks on the outputs of each model itself (`ModelProbe`).
extension TrustCheck {
  static let givesNoNumbers = TrustCheck(
    name: "outputs that are not numbers",
    raisedIf: """
      an output of a model is infinite or not a number (NaN), for an unchanged image or for one \
      that a small step along the gradient leads to
      """,
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
    evidence.probes.compactMap { probe in
      let unchanged = probe.brokenRows > 0
      guard unchanged || probe.brokenNearby > 0 else { return nil }
      return Finding(
        because: "The outputs of \(probe.model) are infinite or not a number (NaN) for "
          + (unchanged
            ? "\(probe.brokenRows) of \(probe.right.count) images."
            : "\(probe.brokenNearby) of \(probe.attacked) images after a small step."),
        victim: probe.model)
    }
  }

  static let ignoresInput = TrustCheck(
    name: "constant outputs",
    raisedIf: """
      the outputs of a model are the same for every image, or the same for every class, up to a \
      millionth of the largest output
      """,
    meaning: """
      The model does not tell images apart, or gives no class more than another. Its predictions \
      do not depend on the images, and no attack can change them: an image counts as robust if its \
      label happens to be the class that is always predicted.
      """,
    advice: """
      Look for weights that are missing or zero, for a training that ended with dead units, and \
      for an input whose range is so far from that of the training that the first layers saturate.
      """
  ) { evidence in
    evidence.probes.filter { $0.ignoresImages || $0.ignoresClasses }.map { probe in
      Finding(
        because: "\(probe.model) has the same outputs for "
          + (probe.ignoresImages
            ? "all \(probe.right.count) images."
            : "every class, for each of \(probe.right.count) images."),
        victim: probe.model)
    }
  }

  static let classesInAnotherOrder = TrustCheck(
    name: "classes in another order",
    raisedIf: """
      with the answers of a model assigned to the classes in another order, it is wrong at most \
      half as often (and McNemar's exact test is significant at 1%), on the half of the first \
      images that the order was not chosen on
      """,
    meaning: """
      The model knows the images, but its classes are in another order than the data's. Its \
      accuracy is then that of the wrong order, and an attack seems to succeed or to fail for that \
      reason alone. No accuracy of this model means anything.
      """,
    advice: """
      Bring the classes of the data into the model's order: write their names in that order into \
      the file classes.txt of a folder of pictures, or number the labels of arrays in that order.
      """
  ) { evidence in
    evidence.probes.compactMap { probe in
      guard let order = probe.classOrder, order.isFound else { return nil }
      return Finding(
        because: "\(probe.model) classifies \(order.right) of \(order.judged) images correctly, "
          + "and \(order.rightReordered) if its answers are assigned to the classes in this "
          + "order: \(order.text)."
          + (order.sortsNumbersAsText
            ? " One of the two orders sorts the numbers as text (1, 10, 2), the other one does not."
            : ""),
        victim: probe.model)
    }
  }

  static let notAboveChance = TrustCheck(
    name: "accuracy at chance without an attack",
    raisedIf: """
      the 95% interval of a model's accuracy on the first unchanged images contains 1/K, where K \
      is the number of classes
      """,
    meaning: """
      The model is no better than guessing: it was not trained, it found nothing to learn, such as \
      the last model of a search for other explanations, it was trained on other data, or its input \
      is scaled, coloured or laid out in another way than in its training. An attack has no accuracy \
      to take away.
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
    raisedIf: """
      all outputs of a model are at least 0, and those of each image sum to 1; or, of a binary \
      classifier with one number, this number is between 0 and 1 for all images
      """,
    meaning: """
      Losses are computed from logits, so a loss applies a softmax to outputs that already went \
      through one. Its gradients become almost flat, and attacks look weaker than they are.
      """,
    advice: "Remove the softmax or the sigmoid at the end of the model."
  ) { evidence in
    evidence.probes.filter(\.givesProbabilities).map { probe in
      Finding(
        because: "The outputs of \(probe.model) for each of \(probe.right.count) images are "
          + "probabilities.",
        victim: probe.model)
    }
  }

  static let logitsAreClose = TrustCheck(
    name: "logits close together",
    raisedIf: """
      in the median of the first images, the largest and the smallest logit of a model differ by \
      less than 0.5, and the model is above chance
      """,
    meaning: """
      All classes have almost the same probability. The gradient of the cross-entropy then leads \
      from the label towards the mean of all other classes, and not towards the nearest one, so \
      attacks with this loss look weaker than they are. A common cause is a division of the logits \
      by a temperature.
      """,
    advice: """
      Remove the division, or attack with a loss that a factor does not change in this way \
      (loss=margin or loss=logits-ratio).
      """
  ) { evidence in
    evidence.probes.compactMap { probe in
      guard let range = probe.logitRange, range < 0.5, !probe.ignoresClasses,
        evidence.isAboveChance(probe.right.trueCount, of: probe.right.count)
      else { return nil }
      return Finding(
        because: "The largest and the smallest logit of \(probe.model) differ by "
          + "\(String(format: "%.2g", range)) in the median of \(probe.right.count) images.",
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
      Switch the model to its evaluation mode. If it is randomised on purpose, let the attack \
      average each step over several evaluations (eot=20). Have every adversarial example \
      judged several times (judgements: 20 in an experiment, --judgements 20 on the command line), \
      and read the mean accuracy, its spread and the worst case.
      """
  ) { evidence in
    evidence.probes.filter(\.isRandom).map { probe in
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
    evidence.probes.filter(\.dependsOnBatch).map { probe in
      Finding(
        because: "The outputs of \(probe.model) for an image alone differ by up to "
          + "\(percentText(probe.changeWhenAlone)) from those in a batch.",
        victim: probe.model)
    }
  }
}
