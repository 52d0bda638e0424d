import ModelCore
import Support

/// Integrated gradients: the mean gradient on the straight line from a baseline x₀ to the example x,
/// times the way,
///
///     a = (x − x₀) ⊙ ∫₀¹ ∇ s(x₀ + t·(x − x₀)) dt ≈ (x − x₀) ⊙ (1/n) Σ_k ∇ s(x₀ + (k + ½)/n·(x − x₀))
///
/// The contributions add up to s(x) − s(x₀) if the integral is exact (completeness). The gap of an
/// example is |Σ_d a_d − (s(x) − s(x₀))|; more steps make it smaller.
///
/// Source: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks" (2017). The
/// sum is that of the midpoint rule.
public struct IntegratedGradients: ExplanationMethod, Configurable {
  public static let name = "integrated-gradients"
  public static let title = "integrated gradients"
  public static let summary =
    "gradients on the way from a baseline, which add up to the score (Sundararajan et al. 2017)"
  public static let settings: [Setting<Self>] = [
    .explained(\.scalar),
    .baseline(\.baseline, "input at which the way begins"),
    .int("steps", \.steps, in: 1...10_000, "number of gradients on the way"),
  ]
  public var scalar = ExplainedScalar.predictedProbability
  public var baseline = Baseline.automatic
  public var steps = 50

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public func explain(_ batch: ExplainedBatch) -> Explanation {
    // images, start, way, sum [N, C, H, W] or [N, D]; ends, gaps [N]
    let images = batch.images
    let start = baseline.inputs(like: images, in: batch.classifier.valueRange, batch.background)
    let way = images - start
    var sum = images * 0
    let shares = (0..<steps).map { (Double($0) + 0.5) / Double(steps) }
    batch.gradients(of: scalar, variants: steps) {
      start + way * shares[$0]
    } _: {
      sum = sum + $1
    }
    let contributions = way * (sum / Double(steps))
    var ends: [Tensor] = []
    batch.values(of: scalar, variants: 2) {
      $0 == 0 ? start : images
    } _: {
      ends.append($1)
    }
    let total = contributions.flattened.to(.float64).sum([1])
    let change = ends[1].to(.float64) - ends[0].to(.float64)
    return Explanation(contributions, gaps: (total - change).absolute.to(.float32))
  }
}
