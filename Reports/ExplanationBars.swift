import Evaluation
import Foundation

/// The features of a row of a table, or the words of a text, with the largest contributions to a
/// model's answer by one method, as bars: to the right if they raise the score, to the left if they
/// lower it. It has the form of figures 2 and 6 of A. Ross, M. Hughes and F. Doshi-Velez, "Right for the
/// Right Reasons" (2017).
struct ExplanationBars {
  /// An identifier that no other picture on the page has.
  let id: String
  /// The model and the method.
  let title: String
  /// What the model predicts.
  let subtitle: String
  /// The largest first.
  let features: [StoredExplanations.Feature]
  /// Whether each value stands beside its name; the weights of words say little.
  let showsValues: Bool

  /// The most features in a picture.
  static let most = 8
  private static let width = 370.0
  private static let top = 50.0
  private static let row = 22.0
  /// Where names end, where bars begin, the longest bar, and where numbers end.
  private static let (names, middle, half, end) = (196.0, 262.0, 60.0, 368.0)

  func picture() -> Markup {
    let shown = Array(features.prefix(Self.most))
    let height = Self.top + Double(max(1, shown.count)) * Self.row + 6
    let largest = shown.map { abs($0.contribution) }.max() ?? 0
    var content: [any MarkupContent] = [
      SVG.text(
        LineChart.shortened(title, to: 46), at: .init(x: 4, y: 16), size: 13.5, isBold: true),
      SVG.text(
        LineChart.shortened(subtitle, to: 56), at: .init(x: 4, y: 34), size: 11, isMuted: true),
    ]
    if shown.isEmpty {
      content.append(
        SVG.text("no feature contributes", at: .init(x: 4, y: Self.top + 15), isMuted: true))
    }
    for (place, feature) in shown.enumerated() {
      content += bar(feature, at: Self.top + Double(place) * Self.row, of: largest)
    }
    content.append(
      SVG.line(
        from: .init(x: Self.middle, y: Self.top), to: .init(x: Self.middle, y: height - 6),
        opacity: 0.6))
    let words = shown.map { "\($0.name) \(contributionText($0.contribution))" }.joined(
      separator: ", ")
    return SVG.picture(
      id: id, size: .init(width: Self.width, height: height), title: title,
      description: "\(subtitle). Contributions: \(words)", content: content)
  }

  private func bar(
    _ feature: StoredExplanations.Feature, at y: Double, of largest: Float
  ) -> [Markup] {
    let length = largest > 0 ? Double(abs(feature.contribution) / largest) * Self.half : 0
    let isRaising = feature.contribution >= 0
    let style = Palette.style(isRaising ? 1 : 0)
    let name =
      showsValues
      ? LineChart.shortened(feature.name, to: 23) + " = " + contributionText(feature.value)
      : LineChart.shortened(feature.name, to: 26)
    let baseline = y + 15
    return [
      SVG.text(
        name, at: .init(x: Self.names, y: baseline), anchor: "end", size: 11.5,
        isBold: feature.isMasked),
      Markup(
        "g", ["class": style.className, "color": style.color, "fill": "currentColor"],
        Markup("title", [:], "\(feature.name): \(contributionText(feature.contribution))"),
        Markup(
          "rect",
          [
            "x": isRaising ? Self.middle : Self.middle - length, "y": y + 4, "width": length,
            "height": Self.row - 8,
          ])),
      SVG.text(
        contributionText(feature.contribution), at: .init(x: Self.end, y: baseline), anchor: "end",
        size: 11,
        isMuted: true),
    ]
  }
}
