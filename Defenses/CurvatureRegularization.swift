import ModelCore
import Support

/// Curvature regularisation: training with a penalty on the curvature of the loss around the
/// images.
///
///     loss = CE(y, f(X)) + λ · mean over n of ‖Hₙ‖_F²
///
/// Hₙ is the second derivative (Hessian) of the loss of image n in its pixels, and ‖·‖_F the
/// Frobenius norm. The penalty makes the loss more linear around the images.
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
/// In training behaviour, images share batch statistics. The derivative of image n's pixels then
/// includes the effect of the other images on its gradient.
///
/// Use it to make the loss surface smoother. Source of the penalty: S. Rifai et al. (2011), who
/// estimate it from differences of gradients at noisy points.
public struct CurvatureRegularization: Defense, Objective, Configurable {
  public static let name = "curvatureRegularization"
  public static let summary =
    "a penalty on the loss's second derivative in the pixels (Rifai et al. 2011)"

  /// How the second derivative is measured.
  public enum Method: String, Sendable, CaseIterable {
    /// Along random directions.
    case stochastic
    /// Along every pixel.
    case exact
  }

  /// λ, the weight of the penalty, which is a mean over the images.
  public var lambda: Double
  public var method: Method
  /// The number of random directions in the mean. The exact method ignores it.
  public var samples: Int

  public init(lambda: Double = 1, method: Method = .stochastic, samples: Int = 1) {
    self.lambda = lambda
    self.method = method
    self.samples = samples
  }

  public static let settings: [Setting<CurvatureRegularization>] = [
    .double("lambda", \.lambda, "weight λ of the penalty"),
    .choice("method", \.method, "how the second derivative is measured"),
    .int("samples", \.samples, in: 1...10_000, "number of random directions"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // gradient (∇ₓL), direction (v) and the derivative H·v [N, …]; each square is a mean over N
    // images
    let gradient = step.inputGradient { $0.crossEntropy(step.labels) }
    let squares = directions(step).map { direction in
      step.inputDerivative(of: (gradient * direction()).sum()).flattened.square.sum([1]).mean()
    }
    let total = squares.dropFirst().reduce(squares[0], +)
    let value = method == .stochastic ? total / Double(samples) : total
    return [LossTerm("curvature", weight: lambda, value)]
  }

  /// The directions, each in the shape of all images or of one image, which is then used for all.
  private func directions(_ step: TrainingStep) -> [() -> Tensor] {
    let images = step.images
    let shape = Array(images.shape.dropFirst())
    switch method {
    case .stochastic:
      return (0..<samples).map { sample in
        { step.draws("curvature direction \(sample)").signs(shape) }
      }
    case .exact:
      let pixels = shape.reduce(1, *)
      return (0..<pixels).map { pixel in
        {
          Tensor(labels: [pixel]).oneHot(classes: pixels).reshaped([1] + shape).to(images.device)
        }
      }
    }
  }
}
