import ModelCore
import Support

/// Gradient × input, x ⊙ ∇ₓ s(x): what each feature would contribute if the model were linear and
/// passed through the origin.
///
/// Source: A. Shrikumar, P. Greenside and A. Kundaje, "Learning important features through
/// propagating activation differences" (2017), where it is one of the compared methods.
public struct GradientTimesInput: ExplanationMethod, Configurable {
  public static let name = "gradient-input"
  public static let title = "gradient × input"
  public static let summary =
    "the gradient times the feature's value, one pass (Shrikumar et al. 2017)"
  public static let settings: [Setting<Self>] = [.explained(\.scalar)]
  public var scalar = ExplainedScalar.predictedProbability

  public init(_ scalar: ExplainedScalar = .predictedProbability) { self.scalar = scalar }
  public init(_ settings: Settings) throws { try read(settings) }

  public func explain(_ batch: ExplainedBatch) -> Explanation {
    Explanation(batch.images * batch.gradient(of: scalar))
  }
}
