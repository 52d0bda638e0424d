import ModelCore
import Support

/// The rule that derives an attack's goal from the true label y of an image, one of K classes.
public enum GoalRule: Sendable, Equatable, CustomStringConvertible {
  /// Away from the true label.
  case untargeted
  /// Away from the class that the source model predicts. The perturbation then does not depend on
  /// the true label.
  case predicted
  /// Towards the class (y + 1) mod K.
  case next
  /// Towards one of the K − 1 other classes, each with the same probability.
  case random
  /// Towards the class with the smallest logit of the source model. If that is the true class, the
  /// one with the next smallest logit is used.
  case leastLikely
  /// Towards one given class. Images of that class have no goal and are not attacked.
  case label(Int)
  /// Towards each of the K − 1 other classes, with one example for each.
  case all

  /// Reads the value of `--target`: next, random, least-likely, all, or a label.
  /// - Throws: `Failure.usage` with the known targets.
  public init(target: String) throws {
    switch target {
    case "next": self = .next
    case "random": self = .random
    case "least-likely": self = .leastLikely
    case "all": self = .all
    default:
      guard let label = Int(target), label >= 0 else {
        throw Failure.usage(
          "unknown target '\(target)'",
          hint: "known: next, random, least-likely, all, or a label like 3")
      }
      self = .label(label)
    }
  }

  /// Reads `target`, or, for an attack that is not targeted, `labels`.
  init(_ settings: Settings, default fallback: GoalRule) throws {
    if settings.has("target") || fallback.isTargeted {
      self = try GoalRule(
        target: settings.string(
          "target", default: fallback.description,
          "class to reach: next, random, least-likely, all or a label"))
    } else {
      let labels = try settings.choice(
        "labels", of: ["true", "predicted"], default: "true",
        "label that the attack leads away from")
      self = labels == "predicted" ? .predicted : .untargeted
    }
  }

  public var description: String {
    switch self {
    case .untargeted: "true"
    case .predicted: "predicted"
    case .next: "next"
    case .random: "random"
    case .leastLikely: "least-likely"
    case .label(let label): "\(label)"
    case .all: "all"
    }
  }

  /// The number of examples that are made from one image.
  public func examplesPerImage(classCount: Int) -> Int { self == .all ? max(1, classCount - 1) : 1 }

  /// Whether the goal is a class to reach.
  public var isTargeted: Bool { self != .untargeted && self != .predicted }

  /// Checks that a given label is one of the classes.
  /// - Throws: `Failure.usage` if it is not.
  public func validate(classCount: Int) throws {
    if case .label(let label) = self, label >= classCount {
      throw Failure.usage("target \(label): the classes are 0 to \(classCount - 1)")
    }
  }

  /// The places of the images that have a goal, int64 `[M]`, among images with the true labels
  /// `[N]`. Only an image of the class that all images are led towards has none.
  public func aimed(_ labels: Tensor) -> Tensor {
    guard case .label(let label) = self else {
      return Tensor.range(labels.count, device: labels.device)
    }
    return labels.equals(Double(label)).inverted.nonzero.reshaped([-1])
  }

  /// The goal of images with the true labels `[N]`. The target of an image that has no goal
  /// (`aimed`) is its own label.
  /// - Parameter draws: the random numbers of these examples. A random target depends on the seed
  ///   and on the example's number. With `all`, the example's number determines the target.
  public func goal(
    for labels: Tensor, images: Tensor, classifier: any Classifier, draws: ExampleDraws
  ) -> Goal {
    // images [N, C, H, W], labels [N]
    let count = classifier.classCount
    let towards = { (targets: Tensor) in Goal.towards(targets, from: labels) }
    switch self {
    case .untargeted: return .away(from: labels)
    case .predicted:
      let predicted = classifier.predictions(images)
      return .away(from: predicted.isAtLeast(0).choose(predicted, else: labels))
    case .next: return towards((labels + 1).modulo(count))
    case .all:
      // The K − 1 examples of one image have consecutive numbers. Modulo K − 1 these are all
      // different, so that each example gets another class.
      let turn = Tensor(labels: draws.examples.map { $0 % max(1, count - 1) }).to(labels.device)
      return towards((labels + turn + 1).modulo(count))
    case .random:
      return towards((labels + draws.integers(below: count - 1) + 1).modulo(count))
    case .label(let label): return towards(labels * 0 + Double(label))
    case .leastLikely:
      let logits = withoutGradients { classifier.logits(images) }
      return towards(logits.excluding(labels, as: .infinity).argmin(1))
    }
  }
}

extension Tensor {
  /// Non-negative whole numbers modulo `count`.
  fileprivate func modulo(_ count: Int) -> Tensor {
    self - (to(.float64) / Double(count)).floor.to(.int64) * Double(count)
  }
}
