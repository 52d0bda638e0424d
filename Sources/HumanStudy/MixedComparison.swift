import Foundation

/// Compares two conditions of a study by a mixed logistic model of their answers.
///
/// Participants and images differ in how often they lead to a "yes", and in the difference between
/// the two conditions (`MixedLogisticModel`). Without the second, the test would take what a few
/// people do, or what happens on a few images, for a property of the condition: it would find a
/// difference too often where there is none.
///
/// Where all answers of a condition are equal, all "yes" or all "no", the estimate of its log-odds
/// is plus or minus infinity. The likelihood then approaches a limit, in which the probability of
/// these answers is 1 whatever the random effects are. So they add 0 to the deviance and say
/// nothing about the other condition, and the fit without them has exactly the limit's deviance.
/// Such a comparison has no estimate, but it still has a likelihood ratio.
struct MixedComparison {
  typealias Cell = MixedLogisticModel.Cell

  /// How participants and images differ in the model.
  let effects: IdentifiedEffects
  /// The model in which both conditions have a log-odds of their own; nil if all answers of a
  /// condition are equal.
  let model: MixedLogisticModel?
  /// The p-value of the hypothesis that both conditions have the same log-odds; nil if a fit did
  /// not converge.
  ///
  /// It is the p-value of the likelihood ratio test: if the hypothesis holds, the difference D
  /// between the deviance of the model in which both have the same log-odds and that of the full
  /// model is distributed as χ² with one degree of freedom, for which P(χ² > D) = erfc(√(D/2)).
  let p: Double?

  /// - Parameters:
  ///   - cells: the answers of both conditions, which are numbered 0 and 1.
  ///   - hasSlopes: whether the difference between the conditions may vary from participant to
  ///     participant and from image to image.
  ///   - hasErrors: whether `model` gets standard errors.
  init(_ cells: [Cell], hasSlopes: Bool = true, hasErrors: Bool = true) {
    let effects = IdentifiedEffects(cells, hasSlopes: hasSlopes)
    self.effects = effects
    let parts = [0, 1].map { condition in cells.filter { $0.condition == condition } }
    let isMixed = parts.map(Self.isMixed)
    model =
      isMixed == [true, true] ? Self.fit(cells, [0, 1], effects, hasErrors: hasErrors) : nil
    guard Self.isMixed(cells) else {
      // All answers of both conditions are equal, so they are no evidence against the hypothesis.
      p = 1
      return
    }
    // The deviance of the full model, in its limit if all answers of a condition are equal. Then
    // only the other condition counts, in which slopes cannot be told from intercepts. If there is
    // no other, the limit's deviance is 0.
    var full: (deviance: Double, isConverged: Bool) = (0, true)
    if let model {
      full = (model.deviance, model.isConverged)
    } else if let other = isMixed.firstIndex(of: true) {
      let effects = IdentifiedEffects(parts[other], hasSlopes: false)
      let limit = Self.fit(parts[other], [0, 0], effects, hasErrors: false)
      full = (limit.deviance, limit.isConverged)
    }
    let null = Self.fit(cells, [0, 0], effects, hasErrors: false)
    p =
      full.isConverged && null.isConverged
      ? erfc((max(0, null.deviance - full.deviance) / 2).squareRoot()) : nil
  }

  private static func fit(
    _ cells: [Cell], _ coefficients: [Int], _ effects: IdentifiedEffects, hasErrors: Bool
  ) -> MixedLogisticModel {
    let design = MixedLogisticModel.Design(
      coefficients: coefficients, contrasts: [-0.5, 0.5], participants: effects.participants,
      images: effects.images)
    return MixedLogisticModel(cells, design, hasErrors: hasErrors)
  }

  /// Whether there are both "yes" and "no".
  static func isMixed(_ cells: [Cell]) -> Bool {
    let yes = cells.reduce(0) { $0 + $1.successes }
    return yes > 0 && yes < cells.reduce(0) { $0 + $1.trials }
  }

  /// `model` if its fit converged.
  var fitted: MixedLogisticModel? { model.flatMap { $0.isConverged ? $0 : nil } }

  /// The log-odds of the second condition minus those of the first, and the standard error of the
  /// difference; nil where either is infinite or the fit did not converge.
  var difference: (logOdds: Double, standardError: Double?)? {
    fitted.map { model in
      let error = model.standardError(1, minus: 0)
      return (model.estimates[1] - model.estimates[0], error.isFinite ? error : nil)
    }
  }
}
