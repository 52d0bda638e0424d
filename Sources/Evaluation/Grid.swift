/// Everything an evaluation measured: attacks × budgets × source models × victim models, where it
/// came from, and what speaks against taking it at face value.
public struct Grid: Codable, Equatable, Sendable {
  /// The measurements, in the order in which they were asked for.
  public let cells: [GridCell]
  public let provenance: Provenance
  public let flags: [TrustFlag]
  /// What each attack spent on each source.
  public let spending: [AttackSpending]
  /// Whom each attack's examples fooled together.
  public let overlaps: [Overlap]
  /// What each model has right under everything that was tried on it.
  public let worstCases: [WorstCase]
  /// The cells over several trainings from different seeds; none for a single one.
  public let repeats: [RepeatedCell]

  public init(
    cells: [GridCell], provenance: Provenance, flags: [TrustFlag] = [],
    spending: [AttackSpending] = [],
    overlaps: [Overlap] = [], worstCases: [WorstCase] = [], repeats: [RepeatedCell] = []
  ) {
    self.repeats = repeats
    self.cells = cells
    self.provenance = provenance
    self.flags = flags
    self.spending = spending
    self.overlaps = overlaps
    self.worstCases = worstCases
  }

  /// The same grid with more flags.
  public func flagged(_ more: [TrustFlag]) -> Grid {
    Grid(
      cells: cells, provenance: provenance, flags: flags + more, spending: spending,
      overlaps: overlaps,
      worstCases: worstCases, repeats: repeats)
  }

  /// The flags that concern a measurement.
  public func flags(of cell: GridCell) -> [TrustFlag] {
    flags.filter { flag in
      (flag.attack ?? cell.attack) == cell.attack && (flag.source ?? cell.source) == cell.source
        && (flag.victim ?? cell.victim) == cell.victim
    }
  }

  /// The attacks' names, each at its first appearance.
  public var attacks: [String] { distinct(cells.map(\.attack)) }

  /// The names of the models that examples were made on, each at its first appearance.
  public var sources: [String] { distinct(cells.map(\.source)) }

  /// The names of the models that examples were shown to, each at its first appearance.
  public var victims: [String] { distinct(cells.map(\.victim)) }

  /// Every model's name, the sources first. A model's place in this list decides how figures draw
  /// it.
  public var models: [String] { distinct(sources + victims) }

  /// An attack's budgets, ascending.
  public func epsilons(for attack: String) -> [Double] {
    distinct(cells.filter { $0.attack == attack }.map(\.epsilon)).sorted()
  }

  /// The measurement at one point of the grid, or nil if it was not asked for.
  public func cell(attack: String, epsilon: Double, source: String, victim: String) -> GridCell? {
    cells.first {
      $0.attack == attack && $0.epsilon == epsilon && $0.source == source && $0.victim == victim
    }
  }

  /// One victim's measurements under one source's examples, by ascending budget.
  public func curve(attack: String, source: String, victim: String) -> [(
    epsilon: Double, cell: GridCell
  )] {
    cells.filter { $0.attack == attack && $0.source == source && $0.victim == victim }
      .sorted { $0.epsilon < $1.epsilon }
      .map { ($0.epsilon, $0) }
  }
}

/// The elements in order, each once.
private func distinct<Value: Hashable>(_ values: [Value]) -> [Value] {
  var seen: Set<Value> = []
  return values.filter { seen.insert($0).inserted }
}
