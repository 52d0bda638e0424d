import Evaluation

extension Grid {
  /// The largest number of models that Venn diagrams show; more circles do not overlap legibly.
  private static let mostCircles = 3

  /// The overlaps of an attack within its middle budget, in the order of the sources.
  private func middleOverlaps(_ attack: String) -> [Overlap] {
    guard let epsilon = middleBudget(for: attack) else { return [] }
    return sources.compactMap { source in
      overlaps.first { $0.attack == attack && $0.epsilon == epsilon && $0.source == source }
    }
  }

  /// The Venn diagrams of an attack within its middle budget, one for each source model; empty for
  /// more than three models, and for one.
  func vennDiagrams(_ attack: String) -> [VennDiagram] {
    guard (2...Self.mostCircles).contains(models.count) else { return [] }
    return middleOverlaps(attack).compactMap { overlap in
      guard Set(models).isSubset(of: overlap.victims) else { return nil }
      let place = sources.firstIndex(of: overlap.source) ?? 0
      return VennDiagram(
        id: "venn-\(attacks.firstIndex(of: attack) ?? 0)-\(place)",
        title: "Source model: \(overlap.source)", models: models, overlap: overlap,
        styles: models.indices.map(Palette.style))
    }
  }

  /// The UpSet plots of an attack within its middle budget: one for the examples of all source
  /// models together, and one for each source model. Empty for up to three models.
  func upSetPlots(_ attack: String) -> [UpSetPlot] {
    guard models.count > Self.mostCircles else { return [] }
    let overlaps = middleOverlaps(attack)
    let number = attacks.firstIndex(of: attack) ?? 0
    let each = overlaps.enumerated().map { place, overlap in
      UpSetPlot(
        id: "upset-\(number)-\(place)", title: "Source model: \(overlap.source)", models: models,
        overlaps: [overlap])
    }
    guard overlaps.count > 1 else { return each }
    let all = UpSetPlot(
      id: "upset-\(number)", title: heading(attack, overlaps[0].epsilon), models: models,
      overlaps: overlaps)
    return [all] + each
  }
}

extension ChartFigure {
  /// A figure of which models the examples of an attack fool together. Its data list every set of
  /// models that examples fool.
  /// - Returns: nil if there are fewer than two models.
  init?(overlapsOf attack: String, in grid: Grid) {
    let (venn, upSet) = (grid.vennDiagrams(attack), grid.upSetPlots(attack))
    let overlaps = venn.map(\.overlap) + (upSet.first?.overlaps ?? [])
    guard let first = overlaps.first else { return nil }
    let title = "Examples that fool several models: " + grid.heading(attack, first.epsilon)
    let panels: [Panel] =
      venn.map { diagram in { diagram.picture(at: $0) } }
      + upSet.map { plot in { plot.picture(at: $0) } }
    self.init(
      title: title, description: title, panels: panels,
      size: venn.isEmpty ? upSet[0].size : VennDiagram.size, csv: overlaps.csv(),
      vegaLite: { file in
        .bars(
          title: title, data: file, panel: .init("source", "source model"),
          kind: .init("fooled", "exactly these models fooled"),
          count: .init("examples", "examples"))
      })
  }
}

extension ReportPage {
  /// The section on examples that fool several models; nil if there are fewer than two models.
  var overlaps: Section? {
    let isVenn = grid.attacks.contains { !grid.vennDiagrams($0).isEmpty }
    let figures = isVenn ? vennFigures : upSetFigures
    guard !figures.isEmpty else { return nil }
    let what =
      isVenn
      ? "How many examples each combination of \(listed(grid.models)) classifies wrongly."
      : """
      How many examples each set of models, and no other model, classifies wrongly, for the \
      \(UpSetPlot.mostSets) most frequent sets. All \(grid.models.count) models are shown, and the \
      examples are those made on all source models together. The SVG below each figure also has each \
      source model.
      """
    let caption = """
      \(what) All budgets are in overlaps.csv; comparisons.csv compares every two models by \
      McNemar’s exact test.
      """
    return Section(
      id: "overlaps", heading: "Examples that fool several models",
      content: figures + [Markup("p", ["class": "note"], caption)]
        + links(to: nil, results: ["overlaps.csv", "comparisons.csv"]))
  }

  private var vennFigures: [Markup] {
    grid.attacks.compactMap { attack in
      let diagrams = grid.vennDiagrams(attack)
      guard let first = diagrams.first else { return nil }
      return figure(
        diagrams.map { $0.picture() },
        heading: Markup("h3", [:], grid.heading(attack, first.overlap.epsilon)), caption: "",
        name: "overlaps-" + attack)
    }
  }

  /// The plots of all attacks beside each other.
  private var upSetFigures: [Markup] {
    let figures = grid.attacks.compactMap { attack -> Markup? in
      guard let plot = grid.upSetPlots(attack).first else { return nil }
      return Markup(
        "figure", [:], children: [plot.picture()] + links(to: "overlaps-" + attack))
    }
    return figures.isEmpty ? [] : [Markup("div", ["class": "panels"], children: figures)]
  }
}
