import Datasets
import ModelCore
import Support

/// Avg-Ex: training on the examples and on copies with Gaussian noise where a mask says that a
/// feature must not matter.
///
///     loss = CE(y, f(X)) + α · CE(y, f(X + m ⊙ σ·ξ))
///
/// ξ is standard normal and new for each step. The noisy examples are not clipped to the valid
/// range. Use it as the simplest method that makes a network robust in the masks. Source: J. Heo et
/// al., "Use Perturbations when Learning from Explanations" (2023).
public struct AverageExplanation: Defense, Objective, Configurable {
  public static let name = "avg-ex"
  public static let summary = "training with Gaussian noise in masks (Avg-Ex in Heo et al. 2023)"
  /// σ, the standard deviation of the noise, in the units of the data.
  public var sigma: Double
  /// α, the weight of the noisy examples.
  public var alpha: Double

  public init(sigma: Double = 1, alpha: Double = 1) {
    self.sigma = sigma
    self.alpha = alpha
  }

  public static let settings: [Setting<AverageExplanation>] = [
    .double("sigma", \.sigma, "standard deviation σ of the noise in data units"),
    .double("alpha", \.alpha, "weight α of the noisy examples"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var needs: Set<AnnotationKind> { [.masks] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    terms(step, noise: step.draws("noise in masks").normal(Array(step.images.shape.dropFirst())))
  }

  /// - Parameter noise: ξ, in the shape of the images.
  func terms(_ step: TrainingStep, noise: Tensor) -> [LossTerm] {
    let noisy = step.images + step.masks * noise * sigma
    return [
      .crossEntropy(step.logits, step.labels, name: "clean"),
      .crossEntropy(
        step.forward(noisy, "noise in masks"), step.labels, name: "noisy", weight: alpha),
    ]
  }
}
