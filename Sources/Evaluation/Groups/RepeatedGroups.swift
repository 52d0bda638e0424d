import Support

/// The mean over the groups and the accuracy in the worst group of one cell, in several repetitions
/// of the experiment from different seeds.
public struct RepeatedGroups: Codable, Equatable, Sendable {
  public let attack: String
  public let epsilon: Double
  public let source: String
  public let victim: String
  /// The unweighted mean over the groups of each repetition, in the order of the repetitions.
  public let means: [Double]
  /// The lowest accuracy of a group of each repetition. The group may differ.
  public let worsts: [Double]
}

extension [Grid] {
  /// The cells by group that all of these grids have, in the order of the first grid; nil for one
  /// grid and for data without groups.
  func repeatedGroups() -> [RepeatedGroups]? {
    guard let cells = first?.groups, count > 1 else { return nil }
    func name(_ cell: GroupCell) -> [String] {
      [cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim]
    }
    let lookups = map { grid in
      Dictionary(uniqueKeysWithValues: (grid.groups ?? []).map { (name($0), $0.accuracies) })
    }
    return cells.compactMap { cell in
      let all = lookups.compactMap { $0[name(cell)] }
      guard all.count == count else { return nil }
      return RepeatedGroups(
        attack: cell.attack, epsilon: cell.epsilon, source: cell.source, victim: cell.victim,
        means: all.map(\.mean.roundedToMillionths),
        worsts: all.map(\.worst.accuracy.roundedToMillionths))
    }
  }
}

extension [RepeatedGroups] {
  /// The cells as a table, `group-repeats.csv`, with a row for the mean and one for the worst group.
  /// Accuracies are fractions.
  public func csv() -> String {
    var table = CSV(header: "attack,epsilon,source,victim,measure,repetitions,mean,sd,min,max")
    for cell in self {
      for (measure, values) in [("mean", cell.means), ("worst", cell.worsts)] {
        let spread = Spread(values)
        table.append(
          [cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim, measure]
            + ["\(values.count)"]
            + [
              spread.mean, spread.standardDeviation, spread.range.lowerBound,
              spread.range.upperBound,
            ]
            .map { $0.roundedToMillionths.plainDecimal })
      }
    }
    return table.text
  }
}
