import ModelCore

/// What an attack wants of each image: any class but its label, or exactly a target.
public struct Goal: Sendable {
  /// The labels to get away from, int64 `[N]`; known for targeted goals too, where the caller knows
  /// them.
  public let labels: Tensor?
  /// The classes to reach, int64 `[N]`; nil for an untargeted goal.
  public let targets: Tensor?

  public static func away(from labels: Tensor) -> Goal { Goal(labels: labels, targets: nil) }

  public static func towards(_ targets: Tensor, from labels: Tensor? = nil) -> Goal {
    Goal(labels: labels, targets: targets)
  }

  private init(labels: Tensor?, targets: Tensor?) {
    self.labels = labels
    self.targets = targets
  }

  public var isTargeted: Bool { targets != nil }

  /// The labels the goal is about: the targets, or those to leave.
  public var focus: Tensor {
    guard let focus = targets ?? labels else { preconditionFailure("a goal without labels") }
    return focus
  }

  /// Which images with these predicted classes `[N]` have reached the goal.
  public func isReached(_ predictions: Tensor) -> Tensor {
    isTargeted ? predictions.equals(focus) : predictions.differs(from: focus)
  }

  /// The goal of the images at `indices` only.
  public func at(_ indices: Tensor) -> Goal {
    Goal(labels: labels?.indexSelect(0, indices), targets: targets?.indexSelect(0, indices))
  }
}
