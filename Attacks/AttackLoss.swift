import ModelCore
import Support

/// The outputs of a classifier from which a loss or a saliency map is computed.
public enum OutputSource: String, Sendable, CaseIterable {
  /// The logits z, as the classifier gives them.
  case logits
  /// The probabilities p = softmax(z), in float32. Where a probability is too small for float32, or
  /// rounds to one, its gradient is zero.
  case probabilities
}

/// The loss that a gradient attack increases: one number per image, which is larger the closer the
/// image is to its goal.
public struct AttackLoss: Configurable, Equatable {
  /// The formula of the loss, for logits z, the label y and the target t.
  ///
  /// With probabilities p as the source, `margin` and `logitsRatio` use p instead of z.
  public enum Form: String, Sendable, CaseIterable {
    /// The cross-entropy. Away from y: −log p[y]. Towards t: log p[t].
    case crossEntropy = "cross-entropy"
    /// The difference to the best other class. Away from y: max z[j ≠ y] − z[y]. Towards t: z[t] −
    /// max z[j ≠ t]. It is positive where the goal is reached, and negative elsewhere. Source: N.
    /// Carlini and D. Wagner (2017), here without their upper bound κ.
    case margin
    /// The difference of logits ratio: a margin divided by a difference of logits. It does not
    /// change if all logits are multiplied by the same factor.
    ///
    /// Let z(1) ≥ z(2) ≥ … be the sorted logits. Away from y: (max z[j ≠ y] − z[y]) / (z(1) −
    /// z(3)). Towards t: (z[t] − z[y]) / (z(1) − (z(3) + z(4)) / 2), for which the goal must have
    /// the true labels too. With fewer than three classes (four for a target) z(3) or z(4) does not
    /// exist, and the margin is used instead. Source: F. Croce and M. Hein (2020).
    case logitsRatio = "logits-ratio"
  }

  public static let crossEntropy = AttackLoss(.crossEntropy)
  public static let margin = AttackLoss(.margin)
  public static let logitsRatio = AttackLoss(.logitsRatio)

  public var form: Form
  public var source: OutputSource

  public init(_ form: Form, of source: OutputSource = .logits) {
    self.form = form
    self.source = source
  }

  public static let settings: [Setting<AttackLoss>] = [
    .choice("loss", \.form, "loss that the attack increases"),
    .choice("source", \.source, "outputs that the loss is computed from"),
  ]

  /// The loss of each image.
  /// - Parameter logits: `[N, K]`.
  /// - Returns: `[N]`.
  /// - Precondition: For a targeted `logitsRatio`, the goal has labels.
  public func losses(_ logits: Tensor, _ goal: Goal) -> Tensor {
    let outputs = source == .logits ? logits : logits.softmax()
    switch form {
    case .crossEntropy:
      let entropy = entropy(outputs, goal.focus)
      return goal.isTargeted ? -entropy : entropy
    case .margin:
      let margin = Self.bestOther(outputs, goal.focus) - Self.pick(outputs, goal.focus)
      return goal.isTargeted ? -margin : margin
    case .logitsRatio where outputs.shape[1] < (goal.isTargeted ? 4 : 3):
      return AttackLoss(.margin).losses(outputs, goal)
    case .logitsRatio:
      return logitsRatio(outputs, goal)
    }
  }

  private func entropy(_ outputs: Tensor, _ labels: Tensor) -> Tensor {
    guard source == .probabilities else { return outputs.crossEntropy(labels) }
    // The logarithm of zero is infinite, so a probability is taken as at least the smallest normal
    // float32. The maximum has no gradient there, just as a probability that float32 rounds to zero
    // has none.
    return -Self.pick(outputs, labels).maximum(Double(Float.leastNormalMagnitude)).logarithm
  }

  private func logitsRatio(_ logits: Tensor, _ goal: Goal) -> Tensor {
    // logits [N, K]
    let sorted = logits.topK(goal.isTargeted ? 4 : 3, 1).values
    let rank = { (k: Int) in sorted.select(1, k) }
    guard let targets = goal.targets else {
      let margin = Self.bestOther(logits, goal.focus) - Self.pick(logits, goal.focus)
      return margin / (rank(0) - rank(2) + 1e-12)
    }
    guard let labels = goal.labels else {
      preconditionFailure(
        "the loss logits-ratio towards a target needs a goal with the true labels")
    }
    let margin = Self.pick(logits, targets) - Self.pick(logits, labels)
    return margin / (rank(0) - (rank(2) + rank(3)) * 0.5 + 1e-12)
  }

  /// The logit of each image's class in `labels`, `[N]`.
  static func pick(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    logits.gather(1, labels.reshaped([-1, 1])).reshaped([-1])
  }

  /// The largest logit of all classes except the one in `labels`, `[N]`.
  static func bestOther(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    logits.excluding(labels, as: -.infinity).max([1])
  }
}

extension Goal {
  /// The cross-entropy that an attacker increases, summed over the batch. It is a sum and not a
  /// mean, so that the gradient of an image does not depend on the size of its batch.
  public func loss(_ logits: Tensor) -> Tensor {
    AttackLoss.crossEntropy.losses(logits, self).sum()
  }
}

extension Tensor {
  /// Losses in which −∞ takes the place of what is not a number (NaN), so that every other
  /// candidate of a search is better.
  var comparable: Tensor {
    equals(self).choose(self, else: Tensor.full(-.infinity, shape: [], device: device))
  }

  /// Logits `[N, K]` in which each image's class in `labels` is set to ±∞, so that a maximum or
  /// minimum never chooses it.
  ///
  /// The other logits are made finite first, so that this holds for every model output: infinite
  /// ones are replaced by the largest finite numbers, and those that are not a number (NaN) by
  /// zero.
  func excluding(_ labels: Tensor, as extreme: Double) -> Tensor {
    let limit = Double(Float.greatestFiniteMagnitude)
    let zero = Tensor.zeros([], device: device)
    let finite = equals(self).choose(self, else: zero).clamped(to: -limit...limit)
    let mask = labels.oneHot(classes: shape[1]).isGreater(than: 0.5)
    return mask.choose(Tensor.full(extreme, shape: [], device: device), else: finite)
  }
}
