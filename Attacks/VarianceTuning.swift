import ModelCore

/// Variance tuning: the gradient g, corrected by how much it varies around the point of the
/// previous step.
///
///     g̃(x) = g(x) + v, and then v ← (1/n) Σᵢ g(x + rᵢ) − g(x)
///     with rᵢ uniform in (−β·ε, β·ε) in each pixel
///
/// In ℓ2 and ℓ1, ε stands for the change of each pixel if all change alike (ε/√D and ε/D for D
/// pixels). v is zero at the first step. The mean gradient of n neighbours is a gradient of a
/// smoothed loss, so v moves the next step towards the direction that holds in a whole
/// neighbourhood. Such a direction depends less on details of the source model, and the examples
/// transfer better.
///
/// Source: X. Wang and K. He (2021), equations 6 to 8, with their values n = 20 and β = 1.5.
public struct VarianceTuning: GradientView {
  public static let name = "vmi"
  public static let hasMemory = true
  /// n, the number of neighbours at each step.
  public let samples: Int
  public var gradients: Int { samples + 1 }
  /// β, the largest distance of a neighbour in each pixel, in units of ε.
  public let reach: Double

  public init() { self.init(samples: 20) }

  public init(samples: Int, reach: Double = 1.5) {
    self.samples = samples
    self.reach = reach
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    // x, variance (the v of the previous step), tuned [N, …]
    var variance: Tensor?
    return GradientEstimate { x, draws, view in
      let plain = inner(x, draws, through: view)
      let tuned = variance.map { plain + $0 } ?? plain
      let shape = Array(x.shape.dropFirst())
      let mean = GradientEstimate.mean(over: samples) { sample in
        let own = draws.purpose("neighbour \(sample)")
        let neighbour = x + own.uniform(shape, in: -1..<1) * (reach * threat.reach(of: x))
        return inner(neighbour, own, through: view)
      }
      variance = mean - plain
      return tuned
    }
  }
}
