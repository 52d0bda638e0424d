/// How one model is drawn in every figure: its colour, dash pattern and marker. The colours differ
/// for people with any colour vision; the patterns and markers also differ in print without colour.
struct SeriesStyle: Equatable {
  /// The model's place among all models.
  let index: Int
  /// The colour on a white page.
  let color: String
  /// The colour on a dark page.
  let darkColor: String
  /// Lengths of dashes and gaps in turn; empty for a solid line.
  private let pattern: [Double]
  let marker: Marker

  init(index: Int, color: String, darkColor: String, pattern: [Double], marker: Marker) {
    self.index = index
    self.color = color
    self.darkColor = darkColor
    self.pattern = pattern
    self.marker = marker
  }

  /// The value of SVG's `stroke-dasharray`; nil for a solid line.
  var dashes: String? { dashes(scale: 1) }

  /// The same for a thick line, which needs longer dashes and gaps to look alike.
  var heavyDashes: String? { dashes(scale: 1.6) }

  private func dashes(scale: Double) -> String? {
    pattern.isEmpty ? nil : pattern.map { hundredths($0 * scale) }.joined(separator: " ")
  }

  /// The class of the style's elements: `s0`, `s1`, ….
  var className: String { "s\(index % Palette.colors.count)" }
}

/// The styles of models in figures.
///
/// The eight colours follow Okabe and Ito, "Color Universal Design" (2008). They are darker on
/// white pages and lighter on dark ones, so that each has a contrast of at least 3 to 1 with the
/// page, as the accessibility guidelines WCAG 2.2 require of graphics.
enum Palette {
  static let colors: [(light: String, dark: String)] = [
    ("#0072b2", "#5ab4f0"),  // blue
    ("#d55e00", "#ff9147"),  // vermilion
    ("#00876a", "#35c79b"),  // bluish green
    ("#b0559b", "#e79ccd"),  // reddish purple
    ("#a67300", "#e8b33f"),  // orange
    ("#4d4d4d", "#c4c8cd"),  // grey instead of black, which looks like text
    ("#3d91c4", "#9bd3f5"),  // sky blue
    ("#8a7d00", "#e6db57"),  // yellow
  ]

  private static let patterns: [[Double]] = [
    [], [7, 3], [2, 2.5], [9, 3, 2, 3], [4, 2], [12, 4], [6, 2.5, 2, 2.5, 2, 2.5], [1.5, 4],
  ]

  /// The style of a model by its place in the grid's list of models. From the ninth model on, the
  /// colours repeat with other dashes and markers, so that 64 models differ.
  static func style(_ index: Int) -> SeriesStyle {
    let color = colors[index % colors.count]
    let round = index / colors.count
    return SeriesStyle(
      index: index, color: color.light, darkColor: color.dark,
      pattern: patterns[(index + 3 * round) % patterns.count],
      marker: Marker.allCases[(index + round) % Marker.allCases.count])
  }
}

/// The shape that marks a measured point.
enum Marker: CaseIterable {
  case circle, square, triangle, diamond, downTriangle, cross, pentagon, plus

  /// The outline around (0, 0) as an SVG path. All shapes have about the same area.
  var path: String {
    switch self {
    case .circle: "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0z"
    case .square: "M-3 -3h6v6h-6z"
    case .triangle: "M0 -4.2L4 2.9H-4z"
    case .diamond: "M0 -4.4L4.2 0L0 4.4L-4.2 0z"
    case .downTriangle: "M0 4.2L4 -2.9H-4z"
    case .cross:
      "M-3.6 -1.9L-1.9 -3.6L0 -1.7L1.9 -3.6L3.6 -1.9L1.7 0"
        + "L3.6 1.9L1.9 3.6L0 1.7L-1.9 3.6L-3.6 1.9L-1.7 0z"
    case .pentagon: "M0 -4L3.8 -1.2L2.4 3.2H-2.4L-3.8 -1.2z"
    case .plus: "M-1.3 -4h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7v-2.6h2.7z"
    }
  }

  /// The marker at a place.
  func drawn(at place: SVG.Point, isFilled: Bool) -> Markup {
    Markup(
      "path",
      [
        "class": isFilled ? nil : "hollow", "d": path,
        "transform": "translate(\(hundredths(place.x)) \(hundredths(place.y)))",
        "fill": isFilled ? "currentColor" : "#ffffff", "stroke": "currentColor",
        "stroke-width": 1.4,
      ])
  }
}
