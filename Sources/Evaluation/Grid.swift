/// The results of an evaluation: the accuracy for every attack, budget, source model and victim,
/// how the results came about, and reasons to doubt them.
///
/// The source model is the model that examples are made on. A victim is a model that the examples
/// are shown to. Where both are the same model an attack is white-box, elsewhere it is black-box.
public struct Grid: Codable, Equatable, Sendable {
  /// The measurements: by attack, source, budget and victim, in the order of the experiment.
  public let cells: [GridCell]
  public let provenance: Provenance
  /// The trust checks that failed.
  public let flags: [TrustFlag]
  /// The cost of each attack on each source, and the sizes of its perturbations.
  public let spending: [AttackSpending]
  /// For each attack, budget and source, which sets of victims the same examples fooled.
  public let overlaps: [Overlap]
  /// For each victim, norm and budget, how many images it classifies correctly under every attack.
  public let worstCases: [WorstCase]
  /// The accuracies of each cell over repetitions from different seeds; empty without repetitions.
  public let repeats: [RepeatedCell]
  /// The accuracies of each cell by group; nil if the data have no groups.
  public let groups: [GroupCell]?
  /// The accuracies by group over repetitions from different seeds; nil without groups or
  /// repetitions.
  public let groupRepeats: [RepeatedGroups]?
  /// How much each model relies on the features that the masks mark; nil if the data have no masks.
  public let reliance: [MaskReliance]?
  /// The models with other explanations; nil if none are looked for.
  public let another: OtherExplanations?
  /// Their measurements over repetitions from different seeds; nil without them or repetitions.
  public let anotherRepeats: [RepeatedMeasure]?
  /// How far the explanations of each model can be trusted; nil if none are asked for.
  public let explanations: [ExplainedModel]?
  /// The certified accuracies of the models; nil if none are asked for.
  public let certified: [CertifiedCell]?
  /// For each norm and budget, the comparison of every two worst cases; nil in the grids of versions
  /// that did not compare them.
  public let rankings: [WorstCaseRanking]?

  public init(
    cells: [GridCell], provenance: Provenance, flags: [TrustFlag] = [],
    spending: [AttackSpending] = [],
    overlaps: [Overlap] = [], worstCases: [WorstCase] = [], repeats: [RepeatedCell] = [],
    groups: [GroupCell]? = nil, groupRepeats: [RepeatedGroups]? = nil,
    reliance: [MaskReliance]? = nil, another: OtherExplanations? = nil,
    anotherRepeats: [RepeatedMeasure]? = nil, explanations: [ExplainedModel]? = nil,
    certified: [CertifiedCell]? = nil, rankings: [WorstCaseRanking]? = nil
  ) {
    self.rankings = rankings
    self.certified = certified
    self.explanations = explanations
    self.another = another
    self.anotherRepeats = anotherRepeats
    self.groups = groups
    self.groupRepeats = groupRepeats
    self.reliance = reliance
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
      worstCases: worstCases, repeats: repeats, groups: groups, groupRepeats: groupRepeats,
      reliance: reliance, another: another, anotherRepeats: anotherRepeats,
      explanations: explanations, certified: certified, rankings: rankings)
  }

  /// The flags that concern a cell. A flag without an attack, source or victim concerns all of
  /// them.
  public func flags(of cell: GridCell) -> [TrustFlag] {
    flags.filter { flag in
      (flag.attack ?? cell.attack) == cell.attack && (flag.source ?? cell.source) == cell.source
        && (flag.victim ?? cell.victim) == cell.victim
    }
  }

  /// The names of the attacks in the order of their first cells.
  public var attacks: [String] { distinct(cells.map(\.attack)) }

  /// The names of the source models in the order of their first cells.
  public var sources: [String] { distinct(cells.map(\.source)) }

  /// The names of the victims in the order of their first cells.
  public var victims: [String] { distinct(cells.map(\.victim)) }

  /// The names of all models, the sources first. The place of a model in this list decides how
  /// figures draw it.
  public var models: [String] { distinct(sources + victims) }

  /// The budgets of an attack in ascending order.
  public func epsilons(for attack: String) -> [Double] {
    distinct(cells.filter { $0.attack == attack }.map(\.epsilon)).sorted()
  }

  /// The cell of an attack, a budget, a source and a victim; nil if there is none.
  public func cell(attack: String, epsilon: Double, source: String, victim: String) -> GridCell? {
    cells.first {
      $0.attack == attack && $0.epsilon == epsilon && $0.source == source && $0.victim == victim
    }
  }

  /// The accuracies by group of an attack, a budget, a source and a victim; nil if there are none.
  public func groupCell(
    attack: String, epsilon: Double, source: String, victim: String
  ) -> GroupCell? {
    groups?.first {
      $0.attack == attack && $0.epsilon == epsilon && $0.source == source && $0.victim == victim
    }
  }

  /// The cells of one victim and one source in ascending order of the budget.
  public func curve(attack: String, source: String, victim: String) -> [(
    epsilon: Double, cell: GridCell
  )] {
    cells.filter { $0.attack == attack && $0.source == source && $0.victim == victim }
      .sorted { $0.epsilon < $1.epsilon }
      .map { ($0.epsilon, $0) }
  }
}

/// The elements without repetitions, in the order of their first occurrence.
private func distinct<Value: Hashable>(_ values: [Value]) -> [Value] {
  var seen: Set<Value> = []
  return values.filter { seen.insert($0).inserted }
}
