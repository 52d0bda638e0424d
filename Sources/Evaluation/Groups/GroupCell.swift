import Support

/// One measurement by group: the examples that an attack made on a source model within a budget,
/// classified by a victim.
public struct GroupCell: Codable, Equatable, Sendable {
  public let attack: String
  /// The budget, as in `GridCell`.
  public let epsilon: Double
  public let source: String
  public let victim: String
  public let accuracies: GroupAccuracies

  public init(
    attack: String, epsilon: Double, source: String, victim: String, accuracies: GroupAccuracies
  ) {
    self.attack = attack
    self.epsilon = epsilon
    self.source = source
    self.victim = victim
    self.accuracies = accuracies
  }

  /// White-box if source and victim are the same model.
  public var setting: AttackerKnowledge { source == victim ? .whiteBox : .blackBox }
}

extension TransferResult {
  /// The accuracies by group for each budget and victim, from the stored predictions. Examples that
  /// the attack left out are in none of them, as in `cells()`.
  /// - Parameters:
  ///   - groups: the group of each image that was attacked, or of more images, in their order.
  ///   - names: the name of each group; nil if they have none.
  func groupCells(_ groups: [Int64], names: [String]?) -> [GroupCell] {
    // predictions [budgets, victims, N], labels [N]
    let rows = attacked?.to(.cpu).int64s().map(Int.init) ?? Array(0..<labels.count)
    let labels = self.labels.int64s()
    let (wanted, members) = (
      rows.map { labels[$0] }, rows.map { groups[$0 / examplesPerImage] }
    )
    return epsilons.indices.flatMap { budget in
      victims.indices.compactMap { victim in
        let answers = predictions.select(0, budget).select(0, victim).int64s()
        return GroupAccuracies(
          predictions: rows.map { answers[$0] }, labels: wanted, groups: members, names: names,
          examplesPerImage: examplesPerImage
        ).map {
          GroupCell(
            attack: attack, epsilon: epsilons[budget], source: source, victim: victims[victim],
            accuracies: $0)
        }
      }
    }
  }
}

extension [GroupCell] {
  /// The accuracies by group as a table, `groups.csv`. Each cell has a row for every group, then one
  /// for the mean over the groups and one for the worst group. Accuracies are fractions.
  public func csv() -> String {
    var table = CSV(
      header: "attack,epsilon,source,victim,setting,group,name,examples,images,correct,accuracy,"
        + "ci_low,ci_high")
    for cell in self {
      let place = [
        cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim, cell.setting.rawValue,
      ]
      func row(
        _ group: String, _ name: String, _ counts: [Int], _ accuracy: Double,
        _ interval: ClosedRange<Double>
      ) {
        let numbers = [accuracy, interval.lowerBound, interval.upperBound]
        table.append(
          place + [group, name] + counts.map(String.init)
            + [String](repeating: "", count: 3 - counts.count)
            + numbers.map { $0.roundedToMillionths.plainDecimal })
      }
      let all = cell.accuracies
      for group in all.groups {
        row(
          "\(group.group)", group.name, [group.examples, group.images, group.correct],
          group.accuracy, group.interval)
      }
      row("mean", "", [], all.mean, all.meanInterval)
      let worst = all.worst
      row(
        "worst", worst.name, [worst.examples, worst.images, worst.correct], worst.accuracy,
        all.worstInterval)
    }
    return table.text
  }
}
