import Foundation

/// Compares every two conditions of a study by a mixed logistic model.
///
/// Where all answers of a condition are equal, all "yes" or all "no", the estimate of its log-odds
/// is plus or minus infinity. The likelihood then approaches a limit, in which the probability of
/// these answers is 1 whatever the intercepts of participants and images are. So they add 0 to the
/// deviance and say nothing about the other parameters, and the fit without them has exactly the
/// limit's deviance. Such a condition gets no estimate, but it can still be tested against another
/// one by the likelihood ratio.
struct MixedComparison {
  private let cells: [MixedLogisticModel.Cell]
  private let conditions: Int
  /// The conditions with both "yes" and "no", in the order in which the model numbers them.
  private let mixed: [Int]
  /// The fit of the conditions in `mixed`; nil if there is none.
  let model: MixedLogisticModel?

  init(_ cells: [MixedLogisticModel.Cell], conditions: Int) {
    self.cells = cells
    self.conditions = conditions
    mixed = (0..<conditions).filter { Self.isMixed(cells, $0) }
    model = Self.fit(cells, mixed, hasErrors: true)
  }

  private static func isMixed(_ cells: [MixedLogisticModel.Cell], _ condition: Int) -> Bool {
    let own = cells.filter { $0.condition == condition }
    let yes = own.reduce(0) { $0 + $1.successes }
    return yes > 0 && yes < own.reduce(0) { $0 + $1.trials }
  }

  /// Fits the model to some of the conditions, numbered in the given order.
  private static func fit(
    _ cells: [MixedLogisticModel.Cell], _ conditions: [Int], hasErrors: Bool
  ) -> MixedLogisticModel? {
    guard !conditions.isEmpty else { return nil }
    let own = cells.compactMap { cell -> MixedLogisticModel.Cell? in
      guard let place = conditions.firstIndex(of: cell.condition) else { return nil }
      var cell = cell
      cell.condition = place
      return cell
    }
    return MixedLogisticModel(own, conditions: conditions.count, hasErrors: hasErrors)
  }

  /// The log-odds of a condition and their standard error; nil where they are infinite.
  func estimate(_ condition: Int) -> (logOdds: Double, standardError: Double)? {
    guard let model, let place = mixed.firstIndex(of: condition) else { return nil }
    return (model.estimates[place], model.standardError(place))
  }

  /// The log-odds of the second condition minus those of the first, and the standard error of the
  /// difference; nil where either is infinite.
  func difference(_ first: Int, _ second: Int) -> (logOdds: Double, standardError: Double)? {
    guard let model, let a = mixed.firstIndex(of: first), let b = mixed.firstIndex(of: second)
    else { return nil }
    return (model.estimates[b] - model.estimates[a], model.standardError(b, minus: a))
  }

  /// The largest number of conditions for which every pair is compared by a fit of its own.
  static let mostFits = 8

  /// The p-value of the hypothesis that two conditions have the same log-odds.
  ///
  /// It is the p-value of the likelihood ratio test: if the hypothesis holds, the difference D
  /// between the deviance of the model in which both are one condition and that of the full model
  /// is distributed as χ² with one degree of freedom, for which P(χ² > D) = erfc(√(D/2)).
  ///
  /// With more than `mostFits` conditions it is the p-value of Wald's test, which needs no further
  /// fit: z = difference / standard error is standard normal, for which P(|Z| > |z|) =
  /// erfc(|z|/√2).
  /// - Returns: nil if a fit did not converge or, for Wald's test, if the log-odds of either
  ///   condition are infinite.
  func p(_ first: Int, _ second: Int) -> Double? {
    let merged = cells.map { cell in
      var cell = cell
      if cell.condition == second { cell.condition = first }
      return cell
    }
    // All answers of both conditions are equal, so they are no evidence against the hypothesis.
    guard Self.isMixed(merged, first) else { return 1 }
    if conditions > Self.mostFits {
      guard let difference = difference(first, second), difference.standardError > 0 else {
        return nil
      }
      return erfc(abs(difference.logOdds) / difference.standardError / 2.0.squareRoot())
    }
    let others = mixed.filter { $0 != first && $0 != second }
    guard let null = Self.fit(merged, ([first] + others).sorted(), hasErrors: false),
      null.isConverged,
      model?.isConverged ?? true
    else {
      return nil
    }
    // Without a model all conditions are at their limit, whose deviance is 0.
    return erfc((max(0, null.deviance - (model?.deviance ?? 0)) / 2).squareRoot())
  }
}
