import ModelCore

/// The goal of an attack for each image: any class but its label, or exactly one target class.
public struct Goal: Sendable {
  /// The labels to lead away from, int64 `[N]`. A targeted goal has them too if its caller knows
  /// them.
  public let labels: Tensor?
  /// The classes to reach, int64 `[N]`; nil for an untargeted goal.
  public let targets: Tensor?

  /// The untargeted goal: every class except an image's label will do.
  public static func away(from labels: Tensor) -> Goal { Goal(labels: labels, targets: nil) }

  /// The targeted goal.
  /// - Parameter labels: the true labels, if they are known.
  public static func towards(_ targets: Tensor, from labels: Tensor? = nil) -> Goal {
    Goal(labels: labels, targets: targets)
  }

  private init(labels: Tensor?, targets: Tensor?) {
    self.labels = labels
    self.targets = targets
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

  /// The goal of the images at `indices`, int64 `[M]`, only.
  public func at(_ indices: Tensor) -> Goal {
    Goal(labels: labels?.indexSelect(0, indices), targets: targets?.indexSelect(0, indices))
  }
}
