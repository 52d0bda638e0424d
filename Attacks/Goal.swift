import ModelCore
import Support

/// What an attack wants of each image: any class but these labels, or exactly these labels.
public enum Goal: Sendable {
  case away(from: Tensor)
  case towards(Tensor)

  /// int64 `[N]`
  public var labels: Tensor {
    switch self {
    case .away(let labels), .towards(let labels): labels
    }
  }

  /// The cross-entropy, summed over images, that an attacker climbs: −log p[y] away from y, +log p[t] towards t.
  ///
  /// Summed, so that each image's gradient does not depend on the size of the batch.
  public func gain(_ logits: Tensor) -> Tensor {
    switch self {
    case .away(let labels): logits.crossEntropy(labels).sum()
    case .towards(let labels): -logits.crossEntropy(labels).sum()
    }
  }

  /// Which images with these predicted classes `[N]` have reached the goal.
  public func isReached(_ predictions: Tensor) -> Tensor {
    switch self {
    case .away(let labels): predictions.differs(from: labels)
    case .towards(let labels): predictions.equals(labels)
    }
  }
}

/// How an attack's goal follows from an image's true label.
public enum GoalRule: Sendable, Equatable, CustomStringConvertible {
  /// Away from the true label.
  case untargeted
  /// Towards (y + 1) mod K.
  case next
  /// Towards a class drawn uniformly from the K − 1 others.
  case random
  /// Towards the class the source finds least likely; the next least where that is the true one.
  case leastLikely
  /// Towards one class; images that have it as their label go towards the one after it.
  case label(Int)

  /// Reads a `--target`: next, random, least-likely, or a label.
  public init(target: String) throws {
    switch target {
    case "next": self = .next
    case "random": self = .random
    case "least-likely": self = .leastLikely
    default:
      guard let label = Int(target), label >= 0 else {
        throw Failure.usage("unknown target '\(target)'", hint: "known: next, random, least-likely, or a label like 3")
      }
      self = .label(label)
    }
  }

  public var description: String {
    switch self {
    case .untargeted: "untargeted"
    case .next: "next"
    case .random: "random"
    case .leastLikely: "least-likely"
    case .label(let label): "\(label)"
    }
  }

  public var isTargeted: Bool { self != .untargeted }

  /// - Throws: `Failure.usage` if the target is not one of the classes.
  public func validate(classCount: Int) throws {
    if case .label(let label) = self, label >= classCount {
      throw Failure.usage("target \(label): the classes are 0 to \(classCount - 1)")
    }
  }

  /// The goal for images with true labels `[N]`, which are the data set's from `first` on.
  ///
  /// A random target depends on the seed and an image's place in the data set, and not on the batches.
  public func goal(
    for labels: Tensor, images: Tensor, first: Int, classifier: any Classifier, seed: Seed
  ) -> Goal {
    // images [N, C, H, W], labels [N]
    let count = classifier.classCount
    let after = { (step: Tensor) in (labels + step).modulo(count) }
    switch self {
    case .untargeted: return .away(from: labels)
    case .next: return .towards(after(Tensor.ones(labels.shape, type: .int64, device: labels.device)))
    case .random:
      let drawn = RandomSource(seed).integers(below: count - 1, [first + labels.count])
      return .towards(after(drawn.narrow(0, first, labels.count).to(labels.device) + 1))
    case .label(let label):
      let wanted = labels * 0 + Double(label)
      return .towards(wanted.equals(labels).choose((wanted + 1).modulo(count), else: wanted))
    case .leastLikely:
      let logits = withoutGradients { classifier.logits(images) }
      let excluded = logits + labels.oneHot(classes: count) * 1e30
      return .towards(excluded.argmin(1))
    }
  }
}

extension Tensor {
  /// Whole numbers modulo `count`, for int64 tensors that are not negative.
  fileprivate func modulo(_ count: Int) -> Tensor {
    let quotient = (to(.float64) / Double(count)).floor
    return (to(.float64) - quotient * Double(count)).to(.int64)
  }
}
