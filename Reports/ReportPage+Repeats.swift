import Evaluation

extension ReportPage {
  /// What other seeds give; nil if everything was done once.
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
      return [Markup("h3", [:], heading), table(heading, header: ["Made on"] + grid.victims, rows)]
    }
    return Section(
      id: "repeats", heading: "From other seeds",
      content: [
        Markup(
          "p", [:],
          "Accuracy in % over \(counted(first.accuracies.count, "training")) of every model from different seeds: mean ± standard "
            + "deviation, and from least to most. An interval in the matrices tells of the images alone; this tells of the training. "
            + "All budgets: repeats.csv.")
      ] + tables)
  }

  private func spread(_ cell: RepeatedCell) -> String {
    "\(percent(cell.mean)) ± \(percent(cell.standardDeviation)) (\(percent(cell.range)))"
  }
}
