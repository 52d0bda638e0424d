import Evaluation

extension ReportPage {
  /// The section on repetitions from other seeds; nil if the experiment was run once.
  var repeats: Section? {
    guard let first = grid.repeats.first else { return nil }
    let tables = grid.attacks.flatMap { attack -> [any MarkupContent] in
      guard let budget = grid.middleBudget(for: attack) ?? grid.epsilons(for: attack).first else {
        return []
      }
      let here = grid.repeats.filter { $0.attack == attack && $0.epsilon == budget }
      let rows = grid.sources.map { source in
        [source]
          + grid.victims.map { victim in
            here.first { $0.source == source && $0.victim == victim }.map(spread) ?? ""
          }
      }
      let heading = grid.heading(attack, budget)
      return [
        Markup("h3", [:], heading),
        table("Repetitions of \(heading)", header: ["Source model"] + grid.victims, rows),
      ]
    }
    let runs = counted(first.accuracies.count, "repetition")
    let limits = grid.repeats.limits.map { " " + $0 } ?? ""
    let varies =
      grid.repeats.contains { $0.varied != .attack && $0.varied != .nothing }
      ? "between trainings" : "between repetitions of the attack"
    let explanation = """
      Accuracy in % over \(runs) of the experiment from different seeds: the mean ± the standard \
      deviation, and the range in parentheses. The intervals in the transfer matrices show how \
      uncertain an accuracy is because of the choice of images; this table shows how much it \
      varies \(varies).\(limits) All budgets are in repeats.csv.
      """
    return Section(
      id: "repeats", heading: "Repetitions from other seeds",
      content: [Markup("p", [:], explanation)] + tables)
  }

  /// "97.0 ± 0.4 (96.5–97.3)".
  private func spread(_ cell: RepeatedCell) -> String {
    "\(percent(cell.mean)) ± \(percent(cell.standardDeviation)) (\(percent(cell.range)))"
  }
}
