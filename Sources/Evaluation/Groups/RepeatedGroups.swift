import Support

/// The accuracies by group of one cell, in several repetitions of the experiment from different
/// seeds.
public struct RepeatedGroups: Codable, Equatable, Sendable {
  /// The accuracies in one group.
  public struct Group: Codable, Equatable, Sendable {
    /// The number and the name of the group, as in `GroupAccuracy`.
    public let group: Int
    public let name: String
    /// One accuracy for each repetition whose examples include the group.
    public let accuracies: [Double]
  }

  public let attack: String
  public let epsilon: Double
  public let source: String
  public let victim: String
  /// All groups, in ascending order of their numbers.
  public let groups: [Group]
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
        groups: Dictionary(grouping: all.flatMap(\.groups), by: \.group).values
          .map { found in
            RepeatedGroups.Group(
              group: found[0].group, name: found[0].name,
              accuracies: found.map(\.accuracy.roundedToMillionths))
          }
          .sorted { $0.group < $1.group },
        means: all.map(\.mean.roundedToMillionths),
        worsts: all.map(\.worst.accuracy.roundedToMillionths))
    }
  }
}

extension [RepeatedGroups] {
  /// The cells as a table, `group-repeats.csv`. Each cell has a row for every group, then one for
  /// the mean over the groups and one for the worst group. Accuracies are fractions.
  public func csv() -> String {
    var table = CSV(header: "attack,epsilon,source,victim,group,name,repetitions,mean,sd,min,max")
    for cell in self {
      let rows =
        cell.groups.map { ("\($0.group)", $0.name, $0.accuracies) }
        + [("mean", "", cell.means), ("worst", "", cell.worsts)]
      for (group, name, values) in rows {
        let spread = Spread(values)
        table.append(
          [cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim, group, name]
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
