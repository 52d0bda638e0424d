import ModelCore
import Support

/// Training that keeps the loss straight around the images: CE(y, f(X)) + λ · mean_n ‖H_n‖_F², with
/// H_n the second derivative of image n's loss in its pixels.
///
/// Stochastic: ‖H‖_F² = E ‖H·v‖² for directions v of independent signs ±1 (Hutchinson, 1990), with
/// H·v by differentiating ⟨∇ₓL, v⟩, so there is no step length and one pass' batch statistics and
/// dropout masks serve all; `samples` directions are averaged. Rifai et al., 2011, estimate the
/// same from differences of gradients at noisy places. Exact: one derivative for each pixel, for
/// small images and tests. Where images share batch statistics, what they do to each other's
/// gradients counts too.
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

  /// λ, on the mean over the images.
  public var lambda: Double
  public var method: Method
  /// How many random directions are averaged; the exact method has no use for it.
  public var samples: Int

  public init(lambda: Double = 1, method: Method = .stochastic, samples: Int = 1) {
    self.lambda = lambda
    self.method = method
    self.samples = samples
  }

  public static let settings: [Setting<CurvatureRegularization>] = [
    .double("lambda", \.lambda, "its weight, on the mean over the images"),
    .choice("method", \.method, "how the second derivative is measured"),
    .int("samples", \.samples, in: 1...10_000, "directions that are averaged"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // gradient [N, …]
    let gradient = step.inputGradient { $0.crossEntropy(step.labels) }
    let squares = directions(step).map { direction in
      step.inputDerivative(of: (gradient * direction()).sum()).flattened.square.sum([1]).mean()
    }
    let total = squares.dropFirst().reduce(squares[0], +)
    let value = method == .stochastic ? total / Double(samples) : total
    return [LossTerm("curvature", weight: lambda, value)]
  }

  /// The directions, each in the shape of one image or of all.
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
