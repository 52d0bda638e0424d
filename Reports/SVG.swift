/// The elements that figures consist of. Coordinates are rounded to hundredths of a unit, so that
/// the same figure gives the same bytes.
enum SVG {
  /// A complete picture. A screen reader announces its title and reads its description.
  /// - Parameters:
  ///   - id: an identifier that no other picture on the page has.
  ///   - corner: the place of its upper left corner inside another picture; nil for a picture of
  ///     its own.
  static func picture(
    id: String, size: Size, at corner: Point? = nil, title: String, description: String,
    content: [any MarkupContent]
  ) -> Markup {
    let explanation: [any MarkupContent] = [
      Markup("title", ["id": id + "-title"], title),
      Markup("desc", ["id": id + "-desc"], description),
    ]
    return Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "role": "img",
        "aria-labelledby": "\(id)-title \(id)-desc",
        "x": corner?.x, "y": corner?.y, "width": size.width, "height": size.height,
        "viewBox": "0 0 \(hundredths(size.width)) \(hundredths(size.height))", "font-family": fonts,
        "font-size": 12,
        "color": "#1c2126", "fill": "currentColor",
      ],
      children: explanation + content)
  }

  /// The fonts of pictures and pages: those that systems use for their menus, then common ones.
  static let fonts =
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', "
    + "'Noto Sans', 'Liberation Sans', Arial, sans-serif"

  static func text(
    _ text: String, at place: Point, anchor: String = "start", size: Double? = nil,
    isBold: Bool = false,
    isMuted: Bool = false
  ) -> Markup {
    Markup(
      "text",
      [
        "x": place.x, "y": place.y, "text-anchor": anchor == "start" ? nil : anchor,
        "font-size": size,
        "font-weight": isBold ? "650" : nil, "fill-opacity": isMuted ? "0.72" : nil,
      ], text)
  }

  static func line(from start: Point, to end: Point, width: Double = 1, opacity: Double = 1)
    -> Markup
  {
    Markup(
      "line",
      [
        "x1": start.x, "y1": start.y, "x2": end.x, "y2": end.y, "stroke": "currentColor",
        "stroke-width": width,
        "stroke-opacity": opacity == 1 ? nil : opacity,
      ])
  }

  /// Points as the value of the `points` attribute of a polyline or polygon.
  static func points(_ points: [Point]) -> String {
    points.map { "\(hundredths($0.x)),\(hundredths($0.y))" }.joined(separator: " ")
  }

  struct Point: Equatable {
    var x: Double
    var y: Double
  }

  struct Size: Equatable {
    var width: Double
    var height: Double
  }
}

extension Double: AttributeValue {
  var attributeText: String { hundredths(self) }
}

/// The number to two decimals, without trailing zeros: 12, 0.5, -3.25.
func hundredths(_ value: Double) -> String {
  let whole = Int((value * 100).rounded())
  let sign = whole < 0 ? "-" : ""
  let (units, rest) = abs(whole).quotientAndRemainder(dividingBy: 100)
  guard rest != 0 else { return sign + String(units) }
  let decimals = rest % 10 == 0 ? String(rest / 10) : (rest < 10 ? "0" : "") + String(rest)
  return sign + "\(units).\(decimals)"
}
