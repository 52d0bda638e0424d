import Datasets
import ModelCore
import Support

/// PGD-Ex: training on the examples X and on adversarial examples X′ that differ from them only
/// where a mask m says that a feature must not matter.
///
///     loss = CE(y, f(X)) + α · CE(y, f(X′))
///
/// X′ starts at X and takes T steps
///
///     X′ ← clamp(X′ + (ε / T) · sign ∇CE(y, f(X′)), X − m·ε, X + m·ε)
///
/// and no gradient flows through it. As in the published code, there is no random start, and X′ may
/// leave the valid range unless `clip` is set. Source: J. Heo et al., "Use Perturbations when
/// Learning from Explanations" (2023).
public struct ProjectedGradientExplanation: Defense, Objective, Configurable {
  public static let name = "pgd-ex"
  public static let summary =
    "training on adversarial examples within masks (PGD-Ex in Heo et al. 2023)"
  /// ε, the largest change of a masked feature, in the units of the data.
  public var epsilon: Double
  /// T, the number of steps.
  public var steps: Int
  /// α, the weight of the adversarial examples.
  public var alpha: Double
  /// Whether the adversarial examples are clipped to the valid range of the data.
  public var clip: Bool

  public init(epsilon: Double = 1, steps: Int = 7, alpha: Double = 1, clip: Bool = false) {
    self.epsilon = epsilon
    self.steps = steps
    self.alpha = alpha
    self.clip = clip
  }

  public static let settings: [Setting<ProjectedGradientExplanation>] = [
    .double("epsilon", \.epsilon, "largest change ε of a masked feature in data units"),
    .int("steps", \.steps, in: 1...10_000, "number of steps"),
    .double("alpha", \.alpha, "weight α of the adversarial examples"),
    .bool("clip", \.clip, "whether adversarial examples stay in the valid range"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var needs: Set<AnnotationKind> { [.masks] }

  public func terms(_ step: TrainingStep) -> [LossTerm] { terms(step, examples: examples(step)) }

  /// - Parameter examples: X′, in the shape of the images.
  func terms(_ step: TrainingStep, examples: Tensor) -> [LossTerm] {
    [
      .crossEntropy(step.logits, step.labels, name: "clean"),
      .crossEntropy(
        step.forward(examples, "examples in masks"), step.labels, name: "adversarial in masks",
        weight: alpha),
    ]
  }

  /// The adversarial examples X′, in the shape of the images. They are made against the network in
  /// training behaviour, whose running statistics stay as they are.
  func examples(_ step: TrainingStep) -> Tensor {
    let network = step.network.behaving(step.pass.withoutUpdates.purpose("attack in masks"))
    let box = Bounds(around: step.images, by: step.masks * epsilon)
    var images = step.images
    for index in 0..<steps {
      // The first step starts at the clean images, whose logits are known already.
      let gradient =
        index == 0
        ? step.fixedInputGradient { $0.crossEntropy(step.labels) }
        : network.inputGradient(at: images) { $0.crossEntropy(step.labels) }
      images = (images + gradient.sign * (epsilon / Double(steps))).maximum(box.lower)
        .minimum(box.upper)
      if clip { images = images.clamped(to: step.network.valueRange) }
    }
    return images
  }
}
