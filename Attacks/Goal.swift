import ModelCore

/// The goal of an attack for each image: any class but its label, or exactly one target class; and
/// the region in which the image may change on the way there.
public struct Goal: Sendable {
  /// The labels to lead away from, int64 `[N]`. A targeted goal has them too if its caller knows
  /// them.
  public let labels: Tensor?
  /// The classes to reach, int64 `[N]`; nil for an untargeted goal.
  public let targets: Tensor?
  /// Where each image may change: everywhere, unless `within` limits the goal to a region.
  public let region: Region

  /// The untargeted goal: every class except an image's label will do.
  public static func away(from labels: Tensor) -> Goal { Goal(labels: labels, targets: nil) }

  /// The targeted goal.
  /// - Parameter labels: the true labels, if they are known.
  public static func towards(_ targets: Tensor, from labels: Tensor? = nil) -> Goal {
    Goal(labels: labels, targets: targets)
  }

  /// The same goal for images that may change only in a region.
  public func within(_ region: Region) -> Goal {
    Goal(labels: labels, targets: targets, region: region)
  }

  private init(labels: Tensor?, targets: Tensor?, region: Region = .everywhere) {
    self.labels = labels
    self.targets = targets
    self.region = region
  }

  public var isTargeted: Bool { targets != nil }

  /// The labels that a loss is computed for: the targets of a targeted goal, otherwise the labels
  /// to lead away from.
  public var focus: Tensor {
    guard let focus = targets ?? labels else {
      preconditionFailure("a goal needs targets or labels")
    }
    return focus
  }

  /// Whether each image with these predicted classes `[N]` has reached its goal.
  public func isReached(_ predictions: Tensor) -> Tensor {
    isTargeted ? predictions.equals(focus) : predictions.differs(from: focus)
  }

  /// Whether each image with these logits `[N, K]` has reached its goal by a margin that rounding
  /// cannot undo.
  ///
  /// In float32, the logits of a network are exact to about 10⁻⁶ times the largest one. The margin
  /// must be more than ten times as large. Attacks that look for the smallest perturbation require
  /// this, because they search where the margin is zero: an image that reaches its goal by rounding
  /// alone would not reach it on another processor, or in double precision.
  public func isClearlyReached(_ logits: Tensor) -> Tensor {
    let margins = AttackLoss.margin.losses(logits, self)
    let rounding = logits.absolute.max([1]).finiteOrZero * 1e-5
    return isReached(logits.predictedClasses).and(margins.isGreater(than: rounding))
  }

  /// The goal of the images at `indices`, int64 `[M]`, only.
  public func at(_ indices: Tensor) -> Goal {
    Goal(
      labels: labels?.indexSelect(0, indices), targets: targets?.indexSelect(0, indices),
      region: region.at(indices))
  }
}
