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
public struct CurvatureRegularization: Defense, Penalty {
  public static let name = "curvatureRegularization"
  public static let summary =
    "a penalty on the loss's second derivative in the pixels (Rifai et al. 2011)"

  public enum Method: Equatable, Sendable {
    case exact
    case stochastic(samples: Int)
  }

  public let lambda: Double
  public let method: Method

  public init(lambda: Double = 1, method: Method = .stochastic(samples: 1)) {
    self.lambda = lambda
    self.method = method
  }

  public init(_ settings: Settings) throws {
    lambda = try settings.double("lambda", default: 1, "its weight, on the mean over the images")
    let name = try settings.choice(
      "method", of: ["stochastic", "exact"], default: "stochastic",
      "how the second derivative is measured")
    let samples = try settings.int(
      "samples", default: 1, in: 1...10_000, "directions that are averaged")
    method = name == "exact" ? .exact : .stochastic(samples: samples)
  }

  public var parameters: [(name: String, value: String)] {
    switch method {
    case .exact: [("lambda", "\(lambda)"), ("method", "exact")]
    case .stochastic(let samples):
      [("lambda", "\(lambda)"), ("method", "stochastic"), ("samples", "\(samples)")]
    }
  }

  public func penalties(_ step: TrainingStep) -> [LossTerm] {
    // gradient [N, C, H, W]
    let gradient = step.inputGradient { $0.crossEntropy(step.labels) }
    let squares = directions(step).map { direction in
      step.inputDerivative(of: (gradient * direction()).sum()).flattened.square.sum([1]).mean()
    }
    let total = squares.dropFirst().reduce(squares[0], +)
    let value = if case .stochastic(let samples) = method { total / Double(samples) } else { total }
    return [LossTerm("curvature", weight: lambda, value)]
  }

  /// The directions, each in the shape of one image or of all.
  private func directions(_ step: TrainingStep) -> [() -> Tensor] {
    let images = step.images
    switch method {
    case .stochastic(let samples):
      return (0..<samples).map { _ in
        { step.random.uniform(images.shape).isAtLeast(0.5).to(.float32) * 2 - 1 }
      }
    case .exact:
      let pixels = images.count / images.shape[0]
      return (0..<pixels).map { pixel in
        {
          Tensor(labels: [pixel]).oneHot(classes: pixels).reshaped([1] + images.shape.dropFirst())
            .to(images.device)
        }
      }
    }
  }
}
