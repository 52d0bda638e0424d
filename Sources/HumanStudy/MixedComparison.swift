import Foundation

/// A mixed model of several conditions, and what it says of every two of them.
///
/// Where all answers of a condition are the same its log-odds are infinite. Its answers then say
/// nothing of the rest, which is fitted without them; whether it differs from another condition is
/// still tested, by the likelihood ratio.
struct MixedComparison {
  private let cells: [MixedLogisticModel.Cell]
  private let conditions: Int
  /// The conditions that have both answers, in the order of the model's; the others have no place
  /// in it.
  private let mixed: [Int]
  /// Nil if there is no such condition.
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

  /// A condition's log-odds and their standard error; nil where they are infinite.
  func estimate(_ condition: Int) -> (logOdds: Double, standardError: Double)? {
    guard let model, let place = mixed.firstIndex(of: condition) else { return nil }
    return (model.estimates[place], model.standardError(place))
  }

  /// The second condition's log-odds minus the first's with their standard error; nil where one is
  /// infinite.
  func difference(_ first: Int, _ second: Int) -> (logOdds: Double, standardError: Double)? {
    guard let model, let a = mixed.firstIndex(of: first), let b = mixed.firstIndex(of: second)
    else { return nil }
    return (model.estimates[b] - model.estimates[a], model.standardError(b, minus: a))
  }

  /// The most conditions of which every two are compared by a fit of their own.
  static let mostFits = 8

  /// The p of two conditions being the same: twice the logarithm of what the likelihood loses when
  /// they are one condition is compared with χ² of one degree of freedom. With many conditions
  /// Wald's test stands in for it, which needs no other fit. Nil if a fit did not come to an end.
  func p(_ first: Int, _ second: Int) -> Double? {
    let merged = cells.map { cell in
      var cell = cell
      if cell.condition == second { cell.condition = first }
      return cell
    }
    // Both have the same answer throughout: nothing to tell apart.
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
    return erfc((max(0, null.deviance - (model?.deviance ?? 0)) / 2).squareRoot())
  }
}
