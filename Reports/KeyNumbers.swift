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
/// The first one is the worst case over all attacks in the norm of the most attacks, within the budget
/// that stands for it (`HeadlineBudget`). The numbers about transfer describe one attack: the first
/// untargeted attack with a budget above 0, or else the first targeted one. Its budget is that of the
/// first number if the attack has it, and otherwise its middle one.
///
/// ```swift
/// let grid = try Grid.read(URL(filePath: "results/grid.json"))
/// for sentence in KeyNumbers(grid).sentences { print(sentence) }
/// ```
public struct KeyNumbers: Equatable, Sendable {
  /// The numbers, the most important first; none for an empty grid.
  public let all: [KeyNumber]

  public init(_ grid: Grid) {
    let headlines = Headline.all(grid)
    guard let subject = Subject(grid) else {
      all =
        headlines.map(\.number)
        + [Self.cleanAccuracy(grid), Self.worstGroup(grid)].compactMap { $0 }
      return
    }
    let others = [
      Self.cleanAccuracy(grid), Self.worstGroup(grid), headlines.first?.whiteBox,
      subject.mostRobust,
      subject.bestTransfer, subject.masking,
    ]
    all = headlines.map(\.number) + others.compactMap { $0 }
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

extension KeyNumbers {
  /// The highest and the lowest accuracy of a model in its worst group; nil if the data have no groups.
  private static func worstGroup(_ grid: Grid) -> KeyNumber? {
    let models = grid.victims.compactMap { model in
      grid.cleanGroups(model).map { (model: model, worst: $0.worst) }
    }
    guard let best = models.max(by: { $0.worst.accuracy < $1.worst.accuracy }),
      let least = models.min(by: { $0.worst.accuracy < $1.worst.accuracy })
    else { return nil }
    let figure = percent(best.worst.accuracy) + "%"
    guard models.count > 1 else {
      return KeyNumber(
        figure: figure,
        sentence: "Without an attack, \(best.model) classifies \(figure) of its worst group "
          + "(\(best.worst.name)) correctly.")
    }
    return KeyNumber(
      figure: figure,
      sentence: "Without an attack, the highest accuracy in a worst group is \(figure) "
        + "(\(best.model), group \(best.worst.name)), and the lowest is "
        + "\(percent(least.worst.accuracy))% (\(least.model), group \(least.worst.name)).")
  }
}

/// One attack within one budget, and the key numbers about it.
private struct Subject {
  let grid: Grid
  let attack: String
  let epsilon: Double

  /// - Returns: nil if no attack has a budget above 0.
  init?(_ grid: Grid) {
    let attacks = grid.attacks.filter { grid.middleBudget(for: $0) != nil }
    let hasAim = Set(grid.cells.filter { $0.targetedHits != nil }.map(\.attack))
    guard let attack = attacks.first(where: { !hasAim.contains($0) }) ?? attacks.first,
      let middle = grid.middleBudget(for: attack)
    else { return nil }
    let headline = grid.headlineBudgets.first.flatMap { budget in
      budget.attacks.contains(attack) ? budget.epsilon : nil
    }
    self.grid = grid
    self.attack = attack
    epsilon = grid.positiveBudgets(for: attack).first { $0 == headline } ?? middle
  }

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

  /// The model with the highest accuracy on the other models' examples, on average over the source
  /// models; nil for two models, each of which has the other's examples alone.
  var mostRobust: KeyNumber? {
    let byVictim = Dictionary(grouping: blackBox, by: \.victim)
    guard byVictim.count > 2,
      let model = grid.victims.filter({ byVictim[$0] != nil }).max(by: { a, b in
        Self.mean(byVictim[a]!) < Self.mean(byVictim[b]!)
      }), let cells = byVictim[model], let worst = cells.min(by: { $0.accuracy < $1.accuracy })
    else { return nil }
    let figure = percent(Self.mean(cells)) + "%"
    return KeyNumber(
      figure: figure,
      sentence: """
        Of all models, \(model) has the highest accuracy on examples made on other models \
        (\(name), black-box): \(figure) on average over the source models, and \
        \(percent(worst.accuracy))% at worst, on those made on \(worst.source).
        """)
  }

  /// The source model whose examples give the other models the lowest accuracy on average; nil for
  /// two models.
  var bestTransfer: KeyNumber? {
    let bySource = Dictionary(grouping: blackBox, by: \.source)
    guard bySource.count > 2,
      let model = grid.sources.filter({ bySource[$0] != nil }).min(by: { a, b in
        Self.mean(bySource[a]!) < Self.mean(bySource[b]!)
      }), let cells = bySource[model]
    else { return nil }
    let figure = percent(Self.mean(cells)) + "%"
    return KeyNumber(
      figure: figure,
      sentence: """
        Examples made on \(model) transfer best (\(name)): on them, the \(cells.count) other \
        models have an accuracy of \(figure) on average.
        """)
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
