import Evaluation
import Support

extension ReportPage {
  /// The section on accuracies by group; nil if the data have no groups.
  var byGroup: Section? {
    let tables = grid.groupTables
    guard !tables.isEmpty else { return nil }
    let curves = GroupCurves(grid).map {
      figure(
        $0.panels,
        caption: """
          The accuracy of each model in its worst group, on examples that were made on itself. \
          Shaded areas are 95% intervals of the lowest true accuracy of all groups. Every group, \
          also for examples made on other models, is in groups.csv.
          """, name: "groups", results: ["groups.csv"])
    }
    let explanation = """
      Accuracy in % and its 95% interval. The mean over groups counts each group the same, however \
      many images it has. The interval of a group is Wilson's, for this group alone. \
      \(GroupAccuracies.worstIntervalNote)
      """
    let shown = tables.map { [Markup("h3", [:], $0.title), markup($0)] }
    let visible = [Markup("p", [:], explanation), curves].compactMap { $0 } + shown[0]
    let attacked =
      shown.count > 1 ? [folded("Under attack", Array(shown.dropFirst().joined()))] : []
    let every = everyGroup.isEmpty ? [] : [folded("Curves of every group", everyGroup)]
    return Section(
      id: "groups", heading: "By group",
      content: visible + attacked + groupRepeats + every)
  }

  private func markup(_ groups: GroupTable) -> Markup {
    table(groups.title, header: groups.header, groups.rows)
  }

  /// The figure of every group; empty if there is none.
  private var everyGroup: [Markup] {
    let panels = GroupCurves.everyGroup(grid)
    guard !panels.isEmpty else { return [] }
    return [
      figure(
        panels,
        caption: """
          The accuracy in every group, on examples that were made on the model itself. Shaded areas \
          are Wilson's 95% intervals, each for its group alone.
          """, name: "every-group", results: ["groups.csv"])
    ]
  }

  /// The table of repetitions from other seeds; empty if there are none.
  private var groupRepeats: [Markup] {
    guard let repeats = grid.groupRepeats, let first = repeats.first else { return [] }
    let title = "Over \(counted(first.means.count, "repetition")) from different seeds"
    func row(_ attack: String, _ epsilon: Double, _ name: String) -> [[String]] {
      [("mean over groups", \RepeatedGroups.means), ("worst group", \RepeatedGroups.worsts)].map {
        measure, values in
        [name, measure]
          + grid.models.map { model in
            repeats.first {
              $0.attack == attack && $0.epsilon == epsilon && $0.source == model
                && $0.victim == model
            }.map {
              let spread = Spread($0[keyPath: values])
              return "\(percent(spread.mean)) ± \(percent(spread.standardDeviation))"
            } ?? ""
          }
      }
    }
    let clean = grid.attacks.first { grid.epsilons(for: $0).contains(0) }.map {
      row($0, 0, "Unchanged images")
    }
    let attacked = grid.attacks.flatMap { attack in
      grid.middleBudget(for: attack).map { row(attack, $0, grid.heading(attack, $0)) } ?? []
    }
    let header = ["Examples", "Measure"] + grid.models
    return [
      Markup("h3", [:], title), table(title, header: header, (clean ?? []) + attacked),
      Markup(
        "p", [:], "The mean ± the standard deviation, in %. All budgets are in group-repeats.csv."),
    ]
  }
}
