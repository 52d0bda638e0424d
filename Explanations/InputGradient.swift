import ModelCore
import Support

/// The input gradient ∇ₓ s(x): how fast the scalar changes with each feature, near the example.
///
/// Source: D. Baehrens et al., "How to explain individual classification decisions" (2010);
/// K. Simonyan, A. Vedaldi and A. Zisserman, "Deep inside convolutional networks" (2014).
public struct InputGradient: ExplanationMethod, Configurable {
  public static let name = "gradient"
  public static let title = "input gradient"
  public static let summary =
    "how fast the score changes with each feature, one pass (Baehrens et al. 2010)"
  public static let settings: [Setting<Self>] = [.explained(\.scalar)]
  public var scalar = ExplainedScalar.predictedProbability

  public init(_ scalar: ExplainedScalar = .predictedProbability) { self.scalar = scalar }
  public init(_ settings: Settings) throws { try read(settings) }

  public func explain(_ batch: ExplainedBatch) -> Explanation {
    Explanation(batch.gradient(of: scalar))
  }
}

extension Setting {
  /// The scalar that a method explains.
  static func explained(_ path: WritableKeyPath<Root, ExplainedScalar> & Sendable) -> Setting {
    .choice("scalar", path, "score that is explained")
  }

  /// The input that stands for an absent feature.
  static func baseline(_ path: WritableKeyPath<Root, Baseline> & Sendable, _ meaning: String)
    -> Setting
  { .choice("baseline", path, meaning) }
}
