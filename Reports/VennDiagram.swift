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
    // Long names stand on lines of their own, so that none is shortened.
    let isLong = models.prefix(2).contains { $0.count > 19 }
    let places: [(SVG.Point, String)] = [
      (.init(x: 8, y: isLong ? 32 : 44), "start"),
      (.init(x: Self.size.width - 8, y: isLong ? 47 : 44), "end"),
      (.init(x: Self.size.width / 2, y: 256), "middle"),
    ]
    return zip(models, places).map { name, place in
      SVG.text(name, at: place.0, anchor: place.1, size: 11.5)
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
