import ModelCore
import Support

/// Curvature regularisation: training with a penalty on the curvature of the loss around the
/// images.
///
///     loss = CE(y, f(X)) + λ · mean over n of ‖Hₙ‖_F²
///
/// Hₙ is the second derivative (Hessian) of a scalar of image n in its pixels, and ‖·‖_F the
/// Frobenius norm. The scalar is the loss, or the log-odds of the true class,
///
///     log p_y − log(1 − p_y)
///
/// The penalty makes the loss more linear around the images, or straightens the decision boundary.
///
/// The stochastic method estimates ‖H‖_F² from random directions v, whose components are
/// independent signs ±1 (M. Hutchinson, 1990). Their products have the mean E[vᵢ·vⱼ] = 1 for i = j
/// and 0 otherwise, so
///
///     E ‖H·v‖² = Σᵢⱼₖ Hᵢⱼ·Hᵢₖ·E[vⱼ·vₖ] = Σᵢⱼ Hᵢⱼ² = ‖H‖_F²
///
/// and the mean over `samples` directions is an unbiased estimate. H·v is the derivative of ⟨∇ₓL,
/// v⟩ in the pixels. It needs no step length, and all directions use one forward pass with one set
/// of batch statistics and dropout masks. The exact method uses every unit vector eᵢ in place of v:
/// Σᵢ ‖H·eᵢ‖² = ‖H‖_F². It takes one derivative for each pixel, and is meant for small images and
/// tests.
///
/// The noise method is the estimate of Rifai et al.: the mean of ‖∇L(x) − ∇L(x + σ·ξ)‖² / σ² over
/// `samples` standard normal ξ. It tends to ‖H‖_F² for small σ if the loss is smooth. In a network
/// with ReLUs it does not: a kink at a distance below σ contributes the square of the gradient's
/// jump, divided by σ².
///
/// In training behaviour, images share batch statistics. The derivative of image n's pixels then
/// includes the effect of the other images on its gradient.
///
/// Use it to make the loss surface smoother, in networks with smooth activations such as softplus:
/// the second derivative of the log-odds of a network with ReLUs is zero almost everywhere. Sources:
/// S. Rifai et al. (2011), who estimate the penalty from differences of gradients at noisy points;
/// A. Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018), chapter 4,
/// for the log-odds.
public struct CurvatureRegularization: Defense, Objective, Configurable {
  public static let name = "curvature-regularization"
  public static let summary =
    "a penalty on the loss's second derivative in the pixels (Rifai et al. 2011)"

  /// How the second derivative is measured.
  public enum Method: String, Sendable, CaseIterable {
    /// Along random directions.
    case stochastic
    /// Along every pixel.
    case exact
    /// From the gradients at noisy points.
    case noise
  }

  /// Whose second derivative is penalised.
  public enum Scalar: String, Sendable, CaseIterable {
    /// The cross-entropy of the true class.
    case loss
    /// The log-odds of the true class.
    case logOdds = "log-odds"

    /// The scalar of each image: logits `[N, K]`, labels `[N]` → `[N]`.
    func values(_ logits: Tensor, _ labels: Tensor) -> Tensor {
      switch self {
      case .loss: logits.crossEntropy(labels)
      case .logOdds: logits.logOdds(of: labels)
      }
    }
  }

  /// λ, the weight of the penalty, which is a mean over the images.
  public var lambda: Double
  public var scalar: Scalar
  public var method: Method
  /// The number of random directions or noisy points in the mean. The exact method ignores it.
  public var samples: Int
  /// σ, the standard deviation of the noise, in units of pixel values. Only the noise method uses
  /// it.
  public var sigma: Double

  public init(
    lambda: Double = 1, of scalar: Scalar = .loss, method: Method = .stochastic, samples: Int = 1,
    sigma: Double = 0.05
  ) {
    self.lambda = lambda
    self.scalar = scalar
    self.method = method
    self.samples = samples
    self.sigma = sigma
  }

  public static let settings: [Setting<CurvatureRegularization>] = [
    .double("lambda", \.lambda, "weight λ of the penalty"),
    .choice("of", \.scalar, "whose second derivative is penalised"),
    .choice("method", \.method, "how the second derivative is measured"),
    .int("samples", \.samples, in: 1...10_000, "number of random directions or noisy points"),
    .double("sigma", \.sigma, in: 1e-6...1e3, "standard deviation of the noise in pixel units"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let shape = Array(step.images.shape.dropFirst())
    let parts: [Tensor]
    switch method {
    case .stochastic:
      parts = squares(
        step,
        along: (0..<samples).lazy.map { step.draws("curvature direction \($0)").signs(shape) })
    case .exact:
      let pixels = shape.reduce(1, *)
      parts = squares(
        step,
        along: (0..<pixels).lazy.map {
          Tensor(labels: [$0]).oneHot(classes: pixels).reshaped([1] + shape).to(step.images.device)
        })
    case .noise:
      parts = differences(
        step, noise: (0..<samples).lazy.map { step.draws("curvature noise \($0)").normal(shape) })
    }
    let total = parts.dropFirst().reduce(parts[0], +)
    let value = method == .exact ? total : total / Double(samples)
    return [LossTerm("curvature", weight: lambda, value)]
  }

  /// ‖H·v‖² for each direction v, as a mean over the images.
  /// - Parameter directions: each in the shape of all images, or of one image, which is then used
  ///   for all.
  func squares(_ step: TrainingStep, along directions: some Sequence<Tensor>) -> [Tensor] {
    // gradient (∇ₓL), direction (v) and the derivative H·v [N, …]
    let gradient = step.inputGradient { scalar.values($0, step.labels) }
    return directions.map { direction in
      step.inputDerivative(of: (gradient * direction).sum()).flattened.square.sum([1]).mean()
    }
  }

  /// ‖∇L(x) − ∇L(x + σ·ξ)‖² / σ² for each noise ξ, as a mean over the images. The passes of noisy
  /// images have the dropout masks of the clean pass, and do not change the running statistics.
  func differences(_ step: TrainingStep, noise: some Sequence<Tensor>) -> [Tensor] {
    // here, there [N, …]
    let here = step.inputGradient { scalar.values($0, step.labels) }
    let pass = step.pass.withoutUpdates.purpose("clean images")
    return noise.map { noise in
      let variable = (step.images + noise * sigma).tracked
      let there = scalar.values(step.network.forward(variable, pass), step.labels).sum()
        .gradient(of: variable, differentiable: true)
      return (here - there).flattened.square.sum([1]).mean() / (sigma * sigma)
    }
  }
}
