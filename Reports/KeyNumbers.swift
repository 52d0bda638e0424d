import Evaluation

/// One of the most important numbers of a grid, with the sentence that explains it.
public struct KeyNumber: Equatable, Sendable {
  /// The number alone: `7.0%`.
  public let figure: String
  /// A sentence that contains the number.
  public let sentence: String
}

/// The most important numbers of a grid, for the report and the terminal.
///
/// They describe one attack within its middle budget: the first untargeted attack that has a budget
/// above 0, or else the first targeted one.
///
/// ```swift
/// let grid = try Grid.read(URL(filePath: "results/grid.json"))
/// for sentence in KeyNumbers(grid).sentences { print(sentence) }
/// ```
public struct KeyNumbers: Equatable, Sendable {
  /// Up to five numbers, the most important first; none for an empty grid.
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
        sentence: """
          Without an attack, each of the \(clean.count) models classifies \(figure) of the images \
          correctly.
          """)
    }
    // Models whose numbers look the same after rounding are named together.
    func names(_ cell: GridCell) -> String {
      listed(clean.filter { percent($0.accuracy) == percent(cell.accuracy) }.map(\.victim))
    }
    return KeyNumber(
      figure: figure,
      sentence: """
        Without an attack, the highest accuracy is \(figure) (\(names(best))), and the lowest is \
        \(percent(worst.accuracy))% (\(names(worst))).
        """)
  }
}

/// One attack within one budget, and the key numbers about it.
private struct Subject {
  let grid: Grid
  let attack: String
  let epsilon: Double

  private var name: String { grid.heading(attack, epsilon) }

  private func cell(_ source: String, _ victim: String) -> GridCell? {
    grid.cell(attack: attack, epsilon: epsilon, source: source, victim: victim)
  }

  /// The cells whose source model and victim differ.
  private var blackBox: [GridCell] {
    grid.cells.filter { $0.attack == attack && $0.epsilon == epsilon && $0.setting == .blackBox }
  }

  private static func mean(_ cells: [GridCell]) -> Double {
    cells.map(\.accuracy).reduce(0, +) / Double(cells.count)
  }

  /// The white-box accuracy of the first model without a defense, or of the first model if all have
  /// one.
  var undefendedWhiteBox: KeyNumber? {
    let undefended = grid.models.first {
      grid.provenance.model($0).map { $0.defense == nil } ?? false
    }
    guard let model = undefended ?? grid.sources.first, let cell = cell(model, model) else {
      return nil
    }
    let figure = percent(cell.accuracy) + "%"
    let clean =
      grid.cleanCell(victim: model, attack: attack).map {
        ", compared with \(percent($0.accuracy))% without an attack"
      } ?? ""
    return KeyNumber(
      figure: figure,
      sentence: """
        On its own examples (\(name), white-box), the \
        \(undefended == nil ? "" : "undefended ")model \(model) has an accuracy of \(figure) (95% \
        interval \(percent(cell.interval)))\(clean).
        """)
  }

  /// The model with the highest accuracy on the other models' examples, on average over the source
  /// models.
  var mostRobust: KeyNumber? {
    let byVictim = Dictionary(grouping: blackBox, by: \.victim)
    guard byVictim.count > 1,
      let model = grid.victims.filter({ byVictim[$0] != nil }).max(by: { a, b in
        Self.mean(byVictim[a]!) < Self.mean(byVictim[b]!)
      }), let cells = byVictim[model], let worst = cells.min(by: { $0.accuracy < $1.accuracy })
    else { return nil }
    let figure = percent(Self.mean(cells)) + "%"
    let sources =
      cells.count > 1
      ? " on average over the source models, and \(percent(worst.accuracy))% at worst" : ""
    return KeyNumber(
      figure: figure,
      sentence: """
        Of all models, \(model) has the highest accuracy on examples made on other models \
        (\(name), black-box): \(figure)\(sources), on those made on \(worst.source).
        """)
  }

  /// The source model whose examples give the other models the lowest accuracy on average.
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
      ? "the \(cells.count) other models have an accuracy of \(figure) on average"
      : "\(cells[0].victim) has an accuracy of \(figure)"
    return KeyNumber(
      figure: figure,
      sentence: "Examples made on \(model) transfer best (\(name)): on them, \(others).")
  }

  /// Of the models that `TrustCheck.blackBoxBeatsWhiteBox` flags within any budget, the one whose
  /// white-box accuracy exceeds its lowest black-box accuracy by most within this budget. Nil
  /// unless the intervals of the two accuracies are disjoint within this budget too.
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
        The white-box accuracy of \(own.victim) overstates its robustness (\(name)): it is \
        \(percent(own.accuracy))% on its own examples, but \(figure) on those made on \
        \(other.source).
        """)
  }
}
