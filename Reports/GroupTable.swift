import Evaluation

/// The accuracies of models by group under one condition, such as on unchanged images: a row for each
/// group, one for the mean over the groups and one for the worst group, and a column for each model.
struct GroupTable {
  /// The condition.
  let title: String
  let header: [String]
  let rows: [[String]]

  /// - Parameter models: the models with their accuracies; a group that a model lacks is empty.
  /// - Returns: nil without models.
  init?(_ title: String, _ models: [(name: String, accuracies: GroupAccuracies)]) {
    guard !models.isEmpty else { return nil }
    self.title = title
    header = ["Group", "Images"] + models.map(\.name)
    var known: [Int: GroupAccuracy] = [:]
    for group in models.flatMap(\.accuracies.groups) {
      known[group.group] = known[group.group] ?? group
    }
    func text(_ accuracy: Double, _ interval: ClosedRange<Double>) -> String {
      "\(percent(accuracy)) (\(percent(interval)))"
    }
    let groups = known.sorted { $0.key < $1.key }.map { number, group in
      [group.name, "\(group.images)"]
        + models.map { model in
          model.accuracies.groups.first { $0.group == number }.map {
            text($0.accuracy, $0.interval)
          } ?? ""
        }
    }
    let mean = models.map { text($0.accuracies.mean, $0.accuracies.meanInterval) }
    let worst = models.map { model in
      text(model.accuracies.worst.accuracy, model.accuracies.worstInterval)
        + " in \(model.accuracies.worst.name)"
    }
    rows = groups + [["Mean over groups", ""] + mean, ["Worst group", ""] + worst]
  }

  /// The table in Markdown.
  func markdown() -> String {
    let lines = [header] + [["---"] + header.dropFirst().map { _ in "---:" }] + rows
    return lines.map { row in
      "| " + row.map { $0.hasPrefix("---") ? $0 : markdownEscaped($0) }.joined(separator: " | ")
        + " |\n"
    }.joined()
  }
}

extension Grid {
  /// The tables by group: on unchanged images, and for each attack the models' own examples within its
  /// middle budget. Empty if the data have no groups.
  var groupTables: [GroupTable] {
    let clean = GroupTable(
      "Unchanged images",
      victims.compactMap { victim in cleanGroups(victim).map { (victim, $0) } })
    let attacked = attacks.compactMap { attack in
      middleBudget(for: attack).flatMap { budget in
        GroupTable(
          heading(attack, budget) + ", white-box", ownGroups(attack, budget))
      }
    }
    return [clean].compactMap { $0 } + attacked
  }

  /// The accuracies of the models by group on the examples that were made on themselves.
  func ownGroups(_ attack: String, _ epsilon: Double) -> [(String, GroupAccuracies)] {
    sources.compactMap { model in
      groupCell(attack: attack, epsilon: epsilon, source: model, victim: model).map {
        (model, $0.accuracies)
      }
    }
  }
}
