import Datasets
import ModelCore
import Support

/// CDEP: training with a penalty on the share that masked features contribute to the logits,
/// measured by contextual decomposition (`Contributions`).
///
///     loss = CE(y, f(X)) + λ · mean of r / (r + i), with r = exp(relevant), i = exp(irrelevant)
///
/// `relevant` is the contribution of the masked features to a logit, and `irrelevant` that of all
/// others. The mean is taken over the examples and the classes. Source: L. Rieger, C. Singh, W. J.
/// Murdoch and B. Yu, "Interpretations are Useful: Penalizing Explanations to Align Neural Networks
/// with Prior Knowledge" (2020).
///
/// The code that J. Heo et al. (2023) published with their comparison differs in two ways: it
/// punishes the contribution of the features outside of the mask, and it does so for the first two
/// classes only. `orientation: published2023` and `classes: first-two` reproduce it.
public struct ContextualDecomposition: Defense, Objective, Configurable {
  public static let name = "cdep"
  public static let summary =
    "a penalty on the contribution of masked features (CDEP, Rieger et al. 2020)"

  /// The features whose contribution is penalised.
  public enum Orientation: String, Sendable, CaseIterable {
    /// The masked features, as in Rieger et al.
    case masked
    /// The other features, as in the code of Heo et al.
    case published2023
  }

  /// The classes to whose logits contributions count.
  public enum Classes: String, Sendable, CaseIterable {
    case all
    case firstTwo = "first-two"
  }

  /// λ, the weight of the penalty.
  public var lambda: Double
  public var orientation: Orientation
  public var classes: Classes

  public init(
    lambda: Double = 1, orientation: Orientation = .masked, classes: Classes = .all
  ) {
    self.lambda = lambda
    self.orientation = orientation
    self.classes = classes
  }

  public static let settings: [Setting<ContextualDecomposition>] = [
    .double("lambda", \.lambda, "weight λ of the penalty"),
    .choice("orientation", \.orientation, "features whose contribution is penalised"),
    .choice("classes", \.classes, "classes to whose logits contributions count"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }
  public var needs: Set<AnnotationKind> { [.masks] }

  /// - Throws: `Failure.badData` that names a layer of the network without a rule for contextual
  ///   decomposition.
  public func objective(_ preparation: Preparation) throws -> any Objective {
    try preparation.network.checkContributions()
    return self
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // Each part [N, K]. r / (r + i) is the logistic function of relevant − irrelevant.
    let parts = contributions(step)
    var shares = (parts.relevant - parts.irrelevant).sigmoid
    if classes == .firstTwo { shares = shares.narrow(1, 0, 2) }
    return [LossTerm("contributions", weight: lambda, shares.mean())]
  }

  /// The contributions to the logits, with the dropout masks of the clean pass.
  func contributions(_ step: TrainingStep) -> Contributions {
    let shares = orientation == .masked ? step.masks : 1 - step.masks
    do {
      return try step.network.contributions(
        of: step.images, where: shares, step.pass.purpose("clean images"))
    } catch {
      preconditionFailure("a network without rules must be refused before training: \(error)")
    }
  }
}
