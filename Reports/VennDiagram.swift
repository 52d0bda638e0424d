import Evaluation
import Foundation

/// A Venn diagram of the examples that fool two or three models: a circle for each model, and in
/// each region the number of examples that fool exactly these models.
struct VennDiagram {
  let id: String
  let title: String
  /// The names of two or three models.
  let models: [String]
  let overlap: Overlap
  /// The style of each model.
  let styles: [SeriesStyle]

  static let size = SVG.Size(width: 300, height: 264)
  private static let radius = 62.0

  private var centers: [SVG.Point] {
    models.count == 2
      ? [.init(x: 115, y: 140), .init(x: 185, y: 140)]
      : [.init(x: 115, y: 116), .init(x: 185, y: 116), .init(x: 150, y: 177)]
  }

  func picture(at corner: SVG.Point? = nil) -> Markup {
    let circles = zip(centers, styles).map { center, style in
      Markup(
        "g", ["class": style.className, "color": style.color, "fill": "currentColor"],
        Markup(
          "circle",
          [
            "cx": center.x, "cy": center.y, "r": Self.radius, "fill-opacity": "0.13",
            "stroke": "currentColor",
            "stroke-width": 1.8, "stroke-dasharray": style.dashes,
          ]))
    }
    let numbers = regions.map { region in
      Markup(
        "g", [:], Markup("title", [:], region.sentence),
        SVG.text(
          "\(region.count)", at: place(region.members), anchor: "middle", size: 14, isBold: true))
    }
    let heading = [
      SVG.text(LineChart.shortened(title, to: 40), at: .init(x: 4, y: 16), size: 13.5, isBold: true)
    ]
    return SVG.picture(
      id: id, size: Self.size, at: corner, title: title,
      description: regions.map(\.sentence).joined(separator: " "),
      content: heading + circles + names + numbers + [outside])
  }

  // MARK: Parts

  private struct Region {
    let members: [Int]
    let count: Int
    let sentence: String
  }

  private var regions: [Region] {
    (1..<(1 << models.count)).map { mask in
      let members = models.indices.filter { mask >> $0 & 1 == 1 }
      let names = members.map { models[$0] }
      let count = overlap.count(fooled: Set(names), among: Set(models))
      let alone = members.count == models.count ? "" : ", and none of the other models shown"
      return Region(
        members: members, count: count,
        sentence: "\(counted(count, "example")) fooled \(listed(names))\(alone).")
    }
  }

  /// The place of a region's number: from the centre of all circles towards the region's own
  /// circles.
  private func place(_ members: [Int]) -> SVG.Point {
    func mean(_ points: [SVG.Point]) -> SVG.Point {
      .init(
        x: points.map(\.x).reduce(0, +) / Double(points.count),
        y: points.map(\.y).reduce(0, +) / Double(points.count))
    }
    let middle = mean(centers)
    let own = mean(members.map { centers[$0] })
    let push = members.count == models.count ? 1 : members.count == 1 ? 1.62 : 1.85
    return .init(
      x: middle.x + push * (own.x - middle.x), y: middle.y + push * (own.y - middle.y) + 5)
  }

  private var names: [Markup] {
    let places: [(SVG.Point, String)] = [
      (.init(x: 8, y: 44), "start"), (.init(x: Self.size.width - 8, y: 44), "end"),
      (.init(x: Self.size.width / 2, y: 256), "middle"),
    ]
    return zip(models, places).map { name, place in
      SVG.text(LineChart.shortened(name, to: 19), at: place.0, anchor: place.1, size: 11.5)
    }
  }

  private var outside: Markup {
    let count = overlap.count(fooled: [], among: Set(models))
    return Markup(
      "g", [:],
      Markup("title", [:], "\(counted(count, "example")) fooled none of the models shown."),
      SVG.text(
        "none: \(count)", at: .init(x: Self.size.width - 8, y: 240), anchor: "end", size: 11.5,
        isMuted: true))
  }
}

extension Grid {
  /// The Venn diagrams of an attack within its middle budget: for each of the first three models,
  /// which of the three its examples fool.
  func vennDiagrams(_ attack: String) -> [VennDiagram] {
    let models = Array(models.prefix(3))
    guard models.count > 1, let epsilon = middleBudget(for: attack) else { return [] }
    return sources.filter(models.contains).compactMap { source in
      overlaps.first { $0.attack == attack && $0.epsilon == epsilon && $0.source == source }.flatMap
      { overlap in
        guard Set(models).isSubset(of: overlap.victims) else { return nil }
        return VennDiagram(
          id: "venn-\(attacks.firstIndex(of: attack) ?? 0)-\(sources.firstIndex(of: source) ?? 0)",
          title: "Source model: \(source)", models: models, overlap: overlap,
          styles: models.indices.map(Palette.style))
      }
    }
  }
}

extension ChartFigure {
  /// A figure of an attack's Venn diagrams. Its data list every set of models that examples fool.
  /// - Returns: nil if there are fewer than two models.
  init?(overlapsOf attack: String, in grid: Grid) {
    let diagrams = grid.vennDiagrams(attack)
    guard let first = diagrams.first else { return nil }
    let title = "Examples that fool several models: " + grid.heading(attack, first.overlap.epsilon)
    self.init(
      title: title, description: title,
      panels: diagrams.map { diagram in { diagram.picture(at: $0) } },
      size: VennDiagram.size, csv: diagrams.map(\.overlap).csv(),
      vegaLite: { file in
        .bars(
          title: title, data: file, panel: .init("source", "source model"),
          kind: .init("fooled", "exactly these models fooled"),
          count: .init("examples", "examples"))
      })
  }
}

extension ReportPage {
  /// The section of Venn diagrams; nil if there are fewer than two models.
  var overlaps: Section? {
    let figures = grid.attacks.compactMap { attack -> Markup? in
      let diagrams = grid.vennDiagrams(attack)
      guard let first = diagrams.first else { return nil }
      return Markup(
        "figure", [:], Markup("h3", [:], grid.heading(attack, first.overlap.epsilon)),
        Markup("div", ["class": "panels"], children: diagrams.map { $0.picture() }))
    }
    guard !figures.isEmpty else { return nil }
    let caption = """
      How many examples each combination of \(listed(Array(grid.models.prefix(3)))) classifies \
      wrongly. All models and budgets are in overlaps.csv; comparisons.csv compares every two \
      models by McNemar’s exact test.
      """
    return Section(
      id: "overlaps", heading: "Examples that fool several models",
      content: figures + [Markup("p", ["class": "note"], caption)])
  }
}
