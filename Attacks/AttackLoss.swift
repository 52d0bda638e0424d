import ModelCore
import Support

/// Which outputs of a classifier a loss or a saliency map is made of.
public enum OutputSource: String, Sendable, CaseIterable {
  /// z, as the classifier gives them.
  case logits
  /// p = softmax(z) in float32: where a probability is too small for float32, or rounds to one, its
  /// gradient is lost.
  case probabilities
}

/// What a gradient attack climbs, as one number per image: the larger, the nearer the goal.
public struct AttackLoss: Configurable, Equatable {
  /// The loss's form, written for logits z; from probabilities p the last two have p in the place
  /// of z.
  public enum Form: String, Sendable, CaseIterable {
    /// Away: −log p[y]. Towards: log p[t].
    case crossEntropy = "cross-entropy"
    /// Away: max z[j ≠ y] − z[y]. Towards: z[t] − max z[j ≠ t]. Carlini & Wagner, 2017, without the
    /// cap.
    case margin
    /// The difference of logits ratio: the margin in units that scaling the logits does not change.
    /// With the logits sorted z(1) ≥ z(2) ≥ …, away: (max z[j ≠ y] − z[y]) / (z(1) − z(3));
    /// towards: (z[t] − z[y]) / (z(1) − (z(3) + z(4)) / 2). Croce & Hein, 2020. With fewer than
    /// three (towards: four) classes it would be constant, and is the margin instead. Towards it
    /// needs the true labels too.
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
    .choice("loss", \.form, "what is climbed"),
    .choice("source", \.source, "what is differentiated"),
  ]

  /// logits `[N, K]` → `[N]`
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
    // A probability of zero has no logarithm; held at the smallest number, it has no gradient
    // either.
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
      preconditionFailure("a targeted logits ratio needs the true labels")
    }
    let margin = Self.pick(logits, targets) - Self.pick(logits, labels)
    return margin / (rank(0) - (rank(2) + rank(3)) * 0.5 + 1e-12)
  }

  /// The logit of each image's class in `labels`, `[N]`.
  static func pick(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    logits.gather(1, labels.reshaped([-1, 1])).reshaped([-1])
  }

  /// The largest logit of another class, `[N]`.
  static func bestOther(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    logits.excluding(labels, as: -.infinity).max([1])
  }
}

extension Goal {
  /// The summed cross-entropy that an attacker climbs. Summed, so that an image's gradient does not
  /// depend on its batch.
  public func loss(_ logits: Tensor) -> Tensor {
    AttackLoss.crossEntropy.losses(logits, self).sum()
  }
}

extension Tensor {
  /// Logits `[N, K]` with each image's class in `labels` set to ±∞, so that another class is chosen
  /// whatever a model returns: logits that are infinite are brought within finite numbers, those
  /// that are not numbers count as zero.
  func excluding(_ labels: Tensor, as extreme: Double) -> Tensor {
    let limit = Double(Float.greatestFiniteMagnitude)
    let zero = Tensor.zeros([], device: device)
    let finite = equals(self).choose(self, else: zero).clamped(to: -limit...limit)
    let mask = labels.oneHot(classes: shape[1]).isGreater(than: 0.5)
    return mask.choose(Tensor.full(extreme, shape: [], device: device), else: finite)
  }
}
