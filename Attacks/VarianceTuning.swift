import ModelCore

/// Variance tuning: the gradient corrected by how it varied around the point before,
///
///     g̃(x) = g(x) + v,  v ← mean over i of g(x + rᵢ) − g(x),  rᵢ uniform in (−β·ε, β·ε) per pixel
///
/// with v = 0 at the first step. Wang & He, 2021, equations 6 to 8; β = 1.5 and 20 samples as
/// published.
public struct VarianceTuning: GradientView {
  public static let name = "vmi"
  public static let hasMemory = true
  /// How many neighbours are looked at.
  public let samples: Int
  /// β: how far away they are, in units of ε.
  public let reach: Double

  public init() { self.init(samples: 20) }

  public init(samples: Int, reach: Double = 1.5) {
    self.samples = samples
    self.reach = reach
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    // x, variance [N, …]
    var variance: Tensor?
    return GradientEstimate { x, draws, view in
      let plain = inner(x, draws, through: view)
      let tuned = variance.map { plain + $0 } ?? plain
      let shape = Array(x.shape.dropFirst())
      var total = x * 0
      for sample in 0..<samples {
        let own = draws.purpose("neighbour \(sample)")
        let neighbour = x + own.uniform(shape, in: -1..<1) * (reach * threat.epsilon)
        total = total + inner(neighbour, own, through: view)
      }
      variance = total / Double(samples) - plain
      return tuned
    }
  }
}
