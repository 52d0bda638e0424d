import Support

/// The models in the order of their ranks within one budget, with the numbers that sum each of them
/// up.
public struct Leaderboard: Equatable, Sendable {
  public let ranking: WorstCaseRanking
  /// A row for each model: by rank, then by the worst case, the best first.
  public let rows: [Row]

  /// What is known about one model.
  public struct Row: Equatable, Sendable {
    public let model: String
    public let rank: Int
    /// The number of images.
    public let images: Int
    /// How many images the model classifies correctly unchanged.
    public let rightUnchanged: Int
    /// How many images the model classifies correctly unchanged and under every attack.
    public let right: Int
    /// The worst case of the model minus that of the first row; nil in the first row.
    public let behindFirst: PairedDifference?
    /// The highest certified accuracy for this budget or a larger one; nil if there is none.
    public let certified: CertifiedCell?
    /// The accuracies by group on unchanged images; nil if the data have no groups.
    public let groups: GroupAccuracies?
    /// The number of flags that concern the model.
    public let flags: Int

    public var clean: Double { Double(rightUnchanged) / Double(images) }
    public var cleanInterval: ClosedRange<Double> {
      wilsonInterval(successes: rightUnchanged, of: images)
    }
    public var worstCase: Double { Double(right) / Double(images) }
    /// The Wilson 95 % interval of the worst case.
    public var interval: ClosedRange<Double> { wilsonInterval(successes: right, of: images) }
  }

  init(_ ranking: WorstCaseRanking, of grid: Grid) {
    self.ranking = ranking
    let ranks = ranking.ranks
    let order = ranking.victims.indices.sorted {
      (ranks[$0], -ranking.right[$0], $0) < (ranks[$1], -ranking.right[$1], $1)
    }
    rows = order.map { place in
      let model = ranking.victims[place]
      return Row(
        model: model, rank: ranks[place], images: ranking.images,
        rightUnchanged: ranking.rightUnchanged[place], right: ranking.right[place],
        behindFirst: place == order.first ? nil : ranking.difference(place, order[0]),
        certified: grid.certified?.best(of: model, norm: ranking.norm, within: ranking.epsilon),
        groups: grid.cleanGroups(model),
        flags: grid.flags.count { ($0.victim ?? $0.source ?? model) == model })
    }
  }
}

extension Grid {
  /// The leaderboard for every norm and budget; empty if no attack has a budget above 0 that is the
  /// size of a perturbation, and for the grids of versions that did not compare worst cases.
  public var leaderboards: [Leaderboard] { (rankings ?? []).map { Leaderboard($0, of: self) } }

  /// The leaderboard of a budget; nil if there is none.
  public func leaderboard(_ budget: HeadlineBudget) -> Leaderboard? {
    rankings?.first { $0.norm == budget.norm.rawValue && $0.epsilon == budget.epsilon }
      .map { Leaderboard($0, of: self) }
  }
}

extension [CertifiedCell] {
  /// The highest certified accuracy of a model for perturbations of all features up to a size, or up
  /// to a larger one. Certificates about a smoothed form of the model are about another classifier.
  func best(of model: String, norm: String, within epsilon: Double) -> CertifiedCell? {
    filter {
      $0.model == model && $0.norm == norm && $0.epsilon >= epsilon && $0.mask == nil
        && !$0.isAboutSmoothed
    }.max { $0.accuracy < $1.accuracy }
  }
}

extension [Leaderboard] {
  /// The leaderboards as a table, `leaderboard.csv`. Accuracies and differences are fractions.
  /// - Parameter headlines: the budgets that the report shows.
  func csv(_ headlines: [HeadlineBudget]) -> String {
    var table = CSV(
      header: "norm,epsilon,headline,rank,model,images,clean,clean_ci_low,clean_ci_high,worst_case,"
        + "ci_low,ci_high,behind_first,behind_ci_low,behind_ci_high,certified,certified_epsilon,"
        + "certified_images,worst_group,worst_group_name,flags,attacks")
    func number(_ value: Double?) -> String { value?.roundedToMillionths.plainDecimal ?? "" }
    for board in self {
      let ranking = board.ranking
      let isHeadline = headlines.contains {
        $0.norm.rawValue == ranking.norm && $0.epsilon == ranking.epsilon
      }
      for row in board.rows {
        let behind = row.behindFirst?.interval(among: ranking.comparisons)
        let numbers = [
          row.clean, row.cleanInterval.lowerBound, row.cleanInterval.upperBound, row.worstCase,
          row.interval.lowerBound, row.interval.upperBound, row.behindFirst?.value,
          behind?.lowerBound, behind?.upperBound, row.certified?.accuracy,
        ]
        table.append(
          [
            ranking.norm, ranking.epsilon.plainDecimal, "\(isHeadline)", "\(row.rank)", row.model,
            "\(row.images)",
          ] + numbers.map(number)
            + [
              row.certified?.epsilon.plainDecimal ?? "",
              row.certified.map { "\($0.images)" } ?? "", number(row.groups?.worst.accuracy),
              row.groups?.worst.name ?? "", "\(row.flags)",
              ranking.attacks.joined(separator: " "),
            ])
      }
    }
    return table.text
  }
}
