import ModelCore

/// Penalised gradient norm: gradients around the point, mixed with those a step downhill from
/// there, so that the attack prefers flat maxima of the loss.
///
///     g̃(x) = (1/n) Σᵢ (1 − δ)·g(xᵢ) + δ·g(xᵢ − α·g(xᵢ) / mean|g(xᵢ)|)
///     with xᵢ = x + rᵢ and rᵢ uniform in (−ζ·ε, ζ·ε) in each pixel
///
/// In ℓ2 and ℓ1, ε stands for the change of each pixel if all change alike (ε/√D and ε/D for D
/// pixels). To first order, the difference of the two gradients is that of the loss minus a penalty
/// on the norm of its gradient. Where that norm stays small, the loss is large in a whole
/// neighbourhood, which other models share. Source: Z. Ge et al. (2023), with their values n = 20,
/// δ = 0.5 and ζ = 3; their attack is this view of `mifgsm`. α is ε / 10, the step of their 10
/// steps.
public struct PenalizedGradientNorm: GradientView {
  public static let name = "pgn"
  /// n, the number of neighbours at each step.
  public let samples: Int
  public var gradients: Int { 2 * samples }
  /// δ, the share of the gradients downhill.
  public let balance: Double
  /// ζ, the largest distance of a neighbour in each pixel, in units of ε.
  public let reach: Double

  public init() { self.init(samples: 20) }

  public init(samples: Int, balance: Double = 0.5, reach: Double = 3) {
    self.samples = samples
    self.balance = balance
    self.reach = reach
  }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    // x, near, first, second [N, …]
    GradientEstimate { x, draws, view in
      let shape = Array(x.shape.dropFirst())
      return GradientEstimate.mean(over: samples) { sample in
        let own = draws.purpose("neighbour \(sample)")
        let near = x + own.uniform(shape, in: -1..<1) * (reach * threat.reach(of: x))
        let first = inner(near, own, through: view)
        let scale = first.flattened.absolute.mean([1]).perImage(like: x).maximum(1e-12)
        let downhill = near - first / scale * (threat.reach(of: x) / 10)
        let second = inner(downhill, own.purpose("downhill"), through: view)
        return first * (1 - balance) + second * balance
      }
    }
  }
}
