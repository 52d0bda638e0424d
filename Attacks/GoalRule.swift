import ModelCore
import Support

/// How an attack's goal follows from an image's true label.
public enum GoalRule: Sendable, Equatable, CustomStringConvertible {
  /// Away from the true label.
  case untargeted
  /// Away from the label the source predicts, so that the perturbation does not tell the true one.
  case predicted
  /// Towards (y + 1) mod K.
  case next
  /// Towards a class drawn uniformly from the K − 1 others.
  case random
  /// Towards the class the source finds least likely; the next least where that is the true one.
  case leastLikely
  /// Towards one class; images that have it as their label go towards the one after it.
  case label(Int)
  /// Towards each of the K − 1 other classes, one after the other: every image is attacked as
  /// often.
  case all

  /// Reads a `--target`: next, random, least-likely, all, or a label.
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

  /// Reads `target` for a goal towards a class, or `labels` for one away from a label.
  init(_ settings: Settings, default fallback: GoalRule) throws {
    if settings.has("target") || fallback.isTargeted {
      self = try GoalRule(
        target: settings.string(
          "target", default: fallback.description, "next, random, least-likely, all or a label"))
    } else {
      let labels = try settings.choice(
        "labels", of: ["true", "predicted"], default: "true", "which label it leads away from")
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

  /// How many examples are made of one image.
  public func examplesPerImage(classCount: Int) -> Int { self == .all ? max(1, classCount - 1) : 1 }

  public var isTargeted: Bool { self != .untargeted && self != .predicted }

  /// - Throws: `Failure.usage` if the target is not one of the classes.
  public func validate(classCount: Int) throws {
    if case .label(let label) = self, label >= classCount {
      throw Failure.usage("target \(label): the classes are 0 to \(classCount - 1)")
    }
  }

  /// The goal for images with true labels `[N]`.
  ///
  /// - Parameters:
  ///   - draws: the random numbers of these examples. A random target belongs to its example, and
  ///     so does the turn of an example among all wrong classes.
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
      // The examples of one image have successive numbers, and each gets another class.
      let turn = Tensor(labels: draws.examples.map { $0 % max(1, count - 1) }).to(labels.device)
      return towards((labels + turn + 1).modulo(count))
    case .random:
      return towards((labels + draws.integers(below: count - 1) + 1).modulo(count))
    case .label(let label):
      let wanted = labels * 0 + Double(label)
      return towards(wanted.equals(labels).choose((wanted + 1).modulo(count), else: wanted))
    case .leastLikely:
      let logits = withoutGradients { classifier.logits(images) }
      return towards(logits.excluding(labels, as: .infinity).argmin(1))
    }
  }
}

extension Tensor {
  /// Whole numbers that are not negative, modulo `count`.
  fileprivate func modulo(_ count: Int) -> Tensor {
    self - (to(.float64) / Double(count)).floor.to(.int64) * Double(count)
  }
}
