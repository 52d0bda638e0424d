import Evaluation

/// A number worth knowing first, and what it says.
public struct KeyNumber: Equatable, Sendable {
  /// The number alone: `7.0%`.
  public let figure: String
  /// A whole sentence that contains it.
  public let sentence: String
}

/// The few numbers that say most about a grid, computed from its cells, the same for the report and
/// the terminal.
///
/// They speak of one attack, the first without an aim that has a budget above 0 (else the first
/// that has one), within its middle budget.
public struct KeyNumbers: Equatable, Sendable {
  /// Two to five numbers, the most telling first; none for an empty grid.
  public let all: [KeyNumber]

  public init(_ grid: Grid) {
    let attacks = grid.attacks.filter { grid.middleBudget(for: $0) != nil }
    let hasAim = Set(grid.cells.filter { $0.targetedHits != nil }.map(\.attack))
    guard let attack = attacks.first(where: { !hasAim.contains($0) }) ?? attacks.first,
      let epsilon = grid.middleBudget(for: attack)
    else {
      all = [Self.cleanAccuracy(grid)].compactMap { $0 }
      return
    }
    let subject = Subject(grid: grid, attack: attack, epsilon: epsilon)
    all = [
      Self.cleanAccuracy(grid), subject.undefendedWhiteBox, subject.mostRobust,
      subject.bestTransfer, subject.masking,
    ].compactMap { $0 }
  }

  public var sentences: [String] { all.map(\.sentence) }

  private static func cleanAccuracy(_ grid: Grid) -> KeyNumber? {
    let clean = grid.victims.compactMap { grid.cleanCell(victim: $0) }
    guard let best = clean.max(by: { $0.accuracy < $1.accuracy }),
      let worst = clean.min(by: { $0.accuracy < $1.accuracy })
    else { return nil }
    let figure = percent(best.accuracy) + "%"
    if clean.count == 1 {
      return KeyNumber(
        figure: figure,
        sentence: "Without an attack, \(best.victim) classifies \(figure) of the images correctly.")
    }
    if percent(best.accuracy) == percent(worst.accuracy) {
      return KeyNumber(
        figure: figure,
        sentence:
          "Without an attack, each of the \(clean.count) models classifies \(figure) of the images correctly."
      )
    }
    // Models that show the same number are named together.
    func are(_ cell: GridCell) -> String {
      let equals = clean.filter { percent($0.accuracy) == percent(cell.accuracy) }.map(\.victim)
      return (equals.count == 1 ? "is " : "are ") + listed(equals)
    }
    return KeyNumber(
      figure: figure,
      sentence: """
        Without an attack, the most accurate at \(figure) \(are(best)), the least at \(percent(worst.accuracy))% \
        \(are(worst)).
        """)
  }
}

/// One attack within one budget, and the sentences about it.
private struct Subject {
  let grid: Grid
  let attack: String
  let epsilon: Double

  private var name: String { grid.heading(attack, epsilon) }

  private func cell(_ source: String, _ victim: String) -> GridCell? {
    grid.cell(attack: attack, epsilon: epsilon, source: source, victim: victim)
  }

  /// The cells in which a model meets the others' examples, or its examples meet the others.
  private var blackBox: [GridCell] {
    grid.cells.filter { $0.attack == attack && $0.epsilon == epsilon && $0.setting == .blackBox }
  }

  private static func mean(_ cells: [GridCell]) -> Double {
    cells.map(\.accuracy).reduce(0, +) / Double(cells.count)
  }

  /// What the first model without a defense keeps under its own examples.
  var undefendedWhiteBox: KeyNumber? {
    let undefended = grid.models.first {
      grid.provenance.model($0).map { $0.defense == nil } ?? false
    }
    guard let model = undefended ?? grid.sources.first, let cell = cell(model, model) else {
      return nil
    }
    let figure = percent(cell.accuracy) + "%"
    let before =
      grid.cleanCell(victim: model, attack: attack).map { ", down from \(percent($0.accuracy))%" }
      ?? ""
    return KeyNumber(
      figure: figure,
      sentence: """
        Under its own examples (\(name), white-box), \(undefended == nil ? "" : "the undefended ")\(model) keeps \
        \(figure) accuracy (95% interval \(percent(cell.interval)))\(before).
        """)
  }

  /// The model that the others' examples harm least, on average over the models they were made on.
  var mostRobust: KeyNumber? {
    let byVictim = Dictionary(grouping: blackBox, by: \.victim)
    guard byVictim.count > 1,
      let model = grid.victims.filter({ byVictim[$0] != nil }).max(by: { a, b in
        Self.mean(byVictim[a]!) < Self.mean(byVictim[b]!)
      }), let cells = byVictim[model], let worst = cells.min(by: { $0.accuracy < $1.accuracy })
    else { return nil }
    let figure = percent(Self.mean(cells)) + "%"
    let worstWords =
      cells.count > 1
      ? " on average, \(percent(worst.accuracy))% at worst, on those made on \(worst.source)" : ""
    return KeyNumber(
      figure: figure,
      sentence: """
        Against examples made on \(cells.count > 1 ? "other models" : worst.source) (\(name), black-box), \(model) holds \
        out best: \(figure) accuracy\(worstWords).
        """)
  }

  /// The model whose examples leave the others the least accuracy on average.
  var bestTransfer: KeyNumber? {
    let bySource = Dictionary(grouping: blackBox, by: \.source)
    guard bySource.count > 1,
      let model = grid.sources.filter({ bySource[$0] != nil }).min(by: { a, b in
        Self.mean(bySource[a]!) < Self.mean(bySource[b]!)
      }), let cells = bySource[model]
    else { return nil }
    let figure = percent(Self.mean(cells)) + "%"
    let others =
      cells.count > 1
      ? "the \(cells.count) other models \(figure) accuracy on average"
      : "\(cells[0].victim) \(figure) accuracy"
    return KeyNumber(
      figure: figure,
      sentence: "Examples made on \(model) transfer best: they leave \(others) (\(name)).")
  }

  /// Of the models that `TrustCheck.blackBoxBeatsWhiteBox` flags within any budget, the one whose
  /// white-box accuracy most exceeds what it keeps under another model's examples within this one.
  /// Said only where the two intervals lie apart here too.
  var masking: KeyNumber? {
    let flags = grid.flags.filter {
      $0.name == TrustCheck.blackBoxBeatsWhiteBox.name && $0.attack == attack
    }
    let flagged = grid.victims.filter { victim in flags.contains { $0.victim == victim } }
    let pairs = flagged.compactMap { model -> (own: GridCell, other: GridCell)? in
      let others = blackBox.filter { $0.victim == model }
      guard let own = cell(model, model), let worst = others.min(by: { $0.accuracy < $1.accuracy }),
        worst.interval.upperBound < own.interval.lowerBound
      else { return nil }
      return (own, worst)
    }
    guard
      let (own, other) = pairs.max(by: {
        $0.own.accuracy - $0.other.accuracy < $1.own.accuracy - $1.other.accuracy
      })
    else { return nil }
    let figure = percent(other.accuracy) + "%"
    return KeyNumber(
      figure: figure,
      sentence: """
        The white-box accuracy of \(own.victim) overstates its robustness: it keeps \(percent(own.accuracy))% under its \
        own examples but \(figure) under those made on \(other.source) (\(name)).
        """)
  }
}
