import ModelCore
import Support

/// A common corruption of pictures, such as noise, blur or fog, at one of five severities.
///
/// The kinds are those of ImageNet-C and CIFAR-10-C, and `CorruptionRecipe` says how each is made.
/// The budget is the severity: 1 is the weakest and 5 the strongest, and 0 leaves pictures as they
/// are. A corruption is no perturbation of a certain size, so every valid picture is allowed for a
/// severity above 0.
///
/// Pictures of any size can be corrupted. The strengths are published for photographs of 224x224
/// pixels and for pictures of 32x32; pictures whose shorter side is below 100 pixels get the second
/// ones. Lengths in pixels are as published, for every size.
///
/// The results have real values, while the published files were rounded to bytes and, for
/// ImageNet-C, stored as JPEG. Each example has random numbers of its own, which are the same for
/// all severities.
///
/// The attack uses neither model nor labels. Use it to see how a model copes with pictures that are
/// worse than those of its training by chance, and not by an attacker's choice. Source: D.
/// Hendrycks and T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
/// Perturbations" (2019).
public struct Corruption: Attack, Configurable {
  public static let name = "corruption"
  public static let title = "common corruption"
  public static let summary =
    "noise, blur, weather or digital damage of a severity from 1 to 5 (Hendrycks & Dietterich 2019)"
  public static let isControl = true
  public static let budgetSymbol = "severity"
  public static let budgetName = "severities"
  public static let budgetIsSize = false
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let needsPictures = true
  public var kind: CorruptionKind

  public init(_ kind: CorruptionKind = .gaussianNoise) { self.kind = kind }

  public static let settings: [Setting<Corruption>] = [
    .choice("kind", \.kind, "what happens to the pictures")
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    .anyImage(budget: budget, valueRange: classifier.valueRange)
  }

  public func check(
    budget: Double, of subject: String, in valueRange: ClosedRange<Double>, features: Int
  ) throws {
    guard CorruptionRecipe.severities.contains(where: { Double($0) == budget }) || budget == 0
    else {
      throw Failure.usage(
        "\(subject): expected a severity of 0, 1, 2, 3, 4 or 5, found \(budget.plainDecimal)")
    }
  }

  /// Checks that JPEG can store the pictures.
  public func check(against classifier: any Classifier) throws {
    let channels = classifier.inputShape.channels
    guard kind != .jpeg || channels == 1 || channels == 3 else {
      throw Failure.usage(
        "the corruption jpeg needs pictures with 1 or 3 channels, and the model takes pictures with "
          + "\(channels)",
        hint: "use another kind, such as pixelate")
    }
  }

  /// A severity that is not a whole number counts as the next smaller one.
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // images [N, C, H, W]. Each picture is corrupted on the processor, alone: its numbers then do
    // not depend on the batch.
    let severity = min(Int(threat.budget), CorruptionRecipe.severities.upperBound)
    guard severity > 0 else { return images }
    return withoutGradients {
      let corrupt = CorruptionRecipe(
        kind, severity: severity, height: images.shape[2], width: images.shape[3]
      ).corrupting
      let (low, high) = (threat.valueRange.lowerBound, threat.valueRange.upperBound)
      let unit = (images.to(.cpu).contiguous - low) / (high - low)
      let corrupted = draws.examples.enumerated().map { row, example in
        let own = ExampleDraws(draws.seed, examples: [example]).purpose(kind.rawValue)
        return corrupt(unit.select(0, row), own).clamped(to: 0...1)
      }
      let inRange = (Tensor.stack(corrupted) * (high - low) + low).clamped(to: low...high)
      return goal.region.limited(inRange.to(images.device), around: images)
    }
  }
}
