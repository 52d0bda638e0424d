import Evaluation
import Foundation
import Support

/// The decision map of one model as a picture.
struct DecisionPanel {
  let map: DecisionMap
  /// An identifier that no other picture on the page has.
  let id: String

  static let size = SVG.Size(width: 320, height: 352)
  private static let side = 250.0
  private static let corner = SVG.Point(x: 42, y: 60)

  func picture(at corner: SVG.Point? = nil) -> Markup {
    SVG.picture(
      id: id, size: Self.size, at: corner, title: "Decisions of \(map.model)",
      description: "The predicted class over the plane of the two features. \(shares).",
      content: heading + areas + [frame] + points + contours + labels)
  }

  private var shares: String {
    let steady = (0..<2).map { percent(map.steadyShare(along: $0)) + "%" }
    return "one class along the first feature: \(steady[0]), the second: \(steady[1])"
  }

  /// The contours of the log-odds at the whole numbers from −5 to 5.
  private var contours: [Markup] {
    guard let logOdds = map.logOdds else { return [] }
    let lines = ContourLines(logOdds, size: map.size)
    let scale = Self.side / Double(map.size)
    return (-5...5).compactMap { level in
      let path = lines.path(at: Double(level), scale: scale, corner: Self.corner)
      guard !path.isEmpty else { return nil }
      return Markup(
        "path",
        [
          "d": path, "fill": "none", "stroke": "currentColor",
          "stroke-width": level == 0 ? "2" : "0.8", "stroke-opacity": level == 0 ? "1" : "0.7",
          "stroke-dasharray": level < 0 ? "3 2" : nil,
        ])
    }
  }

  private var heading: [Markup] {
    let curvature = map.curvature.map {
      SVG.text(
        "curvature of the log-odds: \(String(format: "%.3g", $0))", at: .init(x: 4, y: 50),
        size: 10.5, isMuted: true)
    }
    return [
      SVG.text(
        LineChart.shortened(map.model, to: 36), at: .init(x: 4, y: 16), size: 13.5, isBold: true),
      SVG.text(shares, at: .init(x: 4, y: 34), size: 10.5, isMuted: true),
    ] + [curvature].compactMap { $0 }
  }

  /// The places of each class as one path of horizontal runs, in units of places.
  private var areas: [Markup] {
    var paths: [Int: String] = [:]
    for second in 0..<map.size {
      var first = 0
      while first < map.size {
        let start = first
        let predicted = map.predicted(start, second)
        while first < map.size, map.predicted(first, second) == predicted { first += 1 }
        // The vertical axis of a picture points down.
        let width = first - start
        paths[predicted, default: ""] += "M\(start) \(map.size - 1 - second)h\(width)v1h-\(width)z"
      }
    }
    let scale = Self.side / Double(map.size)
    let place =
      "translate(\(hundredths(Self.corner.x)) \(hundredths(Self.corner.y))) scale(\(scale))"
    return paths.sorted { $0.key < $1.key }.map { predicted, path in
      Markup(
        "g", group(predicted), Markup("title", [:], map.className(predicted)),
        Markup(
          "path",
          [
            "d": path, "transform": place, "fill-opacity": "0.35",
            "shape-rendering": "crispEdges",
          ]))
    }
  }

  private var frame: Markup {
    Markup(
      "rect",
      [
        "x": Self.corner.x, "y": Self.corner.y, "width": Self.side, "height": Self.side,
        "fill": "none", "stroke": "currentColor", "stroke-opacity": "0.6",
      ])
  }

  private var points: [Markup] {
    let classes = Dictionary(grouping: map.points, by: \.label).sorted { $0.key < $1.key }
    return classes.map { label, points in
      let discs = points.map { point in
        Markup(
          "circle",
          [
            "cx": Self.corner.x + Self.side * map.share(point.features[0], of: 0),
            "cy": Self.corner.y + Self.side * (1 - map.share(point.features[1], of: 1)), "r": 1.8,
          ])
      }
      return Markup("g", group(label), children: discs)
    }
  }

  private var labels: [Markup] {
    let (left, top, side) = (Self.corner.x, Self.corner.y, Self.side)
    let ends = map.ranges.map { [$0.lowerBound, $0.upperBound].map(Self.text) }
    let below = top + side + 14
    let names = map.classNames.prefix(6).enumerated().map { place, name in
      let corner = SVG.Point(
        x: left + Double(place % 3) * 84, y: below + 18 + Double(place / 3) * 14)
      return Markup(
        "g", [:],
        Markup(
          "g", group(place),
          Markup("circle", ["cx": corner.x + 4, "cy": corner.y - 4, "r": 4])),
        SVG.text(
          LineChart.shortened(name, to: 10), at: .init(x: corner.x + 12, y: corner.y), size: 10.5))
    }
    return [
      SVG.text(ends[0][0], at: .init(x: left, y: below), size: 10.5, isMuted: true),
      SVG.text(
        "first feature", at: .init(x: left + side / 2, y: below), anchor: "middle", size: 10.5,
        isMuted: true),
      SVG.text(
        ends[0][1], at: .init(x: left + side, y: below), anchor: "end", size: 10.5, isMuted: true),
      SVG.text(
        ends[1][1], at: .init(x: left - 4, y: top + 9), anchor: "end", size: 10.5, isMuted: true),
      SVG.text(
        ends[1][0], at: .init(x: left - 4, y: top + side), anchor: "end", size: 10.5, isMuted: true),
    ] + names
  }

  private static func text(_ value: Double) -> String {
    value < 0 ? "−" + budgetText(-value) : budgetText(value)
  }

  /// The attributes of everything in the colour of a class; grey for no class.
  private func group(_ label: Int) -> KeyValuePairs<String, (any AttributeValue)?> {
    guard label >= 0 else { return ["color": "#808080", "fill": "currentColor"] }
    let style = Palette.style(label)
    return ["class": style.className, "color": style.color, "fill": "currentColor"]
  }
}

extension DecisionMap {
  /// The name of a predicted class.
  func className(_ label: Int) -> String {
    classNames.indices.contains(label) ? classNames[label] : "none"
  }

  /// The middle of a place along a feature.
  func place(_ index: Int, of feature: Int) -> Float {
    let range = ranges[feature]
    let share = (Double(index) + 0.5) / Double(size)
    return Float(range.lowerBound + (range.upperBound - range.lowerBound) * share)
  }

  /// Where a value lies in the range of a feature, from 0 to 1.
  func share(_ value: Double, of feature: Int) -> Double {
    let range = ranges[feature]
    let width = range.upperBound - range.lowerBound
    return width > 0 ? (value - range.lowerBound) / width : 0.5
  }
}
