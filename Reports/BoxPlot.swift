import Foundation

/// Box plots on a logarithmic axis: a row for each series, with a box from the lower to the upper
/// quartile, a line at the median, whiskers to the 5th and the 95th percentile, and the values as
/// points. Exact zeros, which have no logarithm, have a place of their own at the left end.
///
/// It has the form of figure 19 of A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018).
struct BoxPlot {
  struct Series {
    let name: String
    let style: SeriesStyle
    /// The values in ascending order; at least one.
    let values: [Double]
  }

  let id: String
  let title: String
  let xTitle: String
  let series: [Series]
  private let axis: LogarithmicAxis

  /// The largest number of points that a row shows; of more values, evenly spaced ones in their
  /// order are shown.
  static let mostPoints = 150
  private static let row = 38.0
  private static let left = 12.0

  /// - Returns: nil without values. Values below 0 count as 0.
  init?(id: String, title: String, xTitle: String, series: [Series]) {
    guard let axis = LogarithmicAxis(series.flatMap(\.values)) else { return nil }
    self.id = id
    self.title = title
    self.xTitle = xTitle
    self.series = series
    self.axis = axis
  }

  var size: SVG.Size {
    SVG.Size(width: LineChart.size.width, height: 36 + Double(series.count) * Self.row + 40)
  }

  func picture(at corner: SVG.Point? = nil) -> Markup {
    let heading = SVG.text(title, at: .init(x: 4, y: 16), size: 13.5, isBold: true)
    return SVG.picture(
      id: id, size: size, at: corner, title: title,
      description: series.map(sentence).joined(separator: " "),
      content: [heading] + ticks + series.enumerated().flatMap(drawn))
  }

  /// The quantiles of a row: 5%, 25%, 50%, 75% and 95%.
  static func quantiles(_ sorted: [Double]) -> [Double] {
    [0.05, 0.25, 0.5, 0.75, 0.95].map { share in
      // Linear interpolation between the values, as NumPy and R do.
      let place = share * Double(sorted.count - 1)
      let below = Int(place)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
  }

  private func sentence(_ series: Series) -> String {
    let parts = Self.quantiles(series.values).map { String(format: "%.2g", $0) }
    let zeros = series.values.count { $0 <= 0 }
    return "\(series.name): median \(parts[2]), half of the values from \(parts[1]) to \(parts[3])"
      + (zeros > 0 ? ", \(percent(Double(zeros) / Double(series.values.count)))% exactly 0." : ".")
  }

  private func x(_ value: Double) -> Double {
    Self.left + axis.share(value) * (size.width - 2 * Self.left)
  }

  private func middle(_ row: Int) -> Double { 36 + Double(row) * Self.row + 25 }

  private var ticks: [Markup] {
    let bottom = 36 + Double(series.count) * Self.row + 4
    let lines = axis.ticks.flatMap { tick in
      let x = x(tick.value)
      return [
        SVG.line(from: .init(x: x, y: 30), to: .init(x: x, y: bottom), opacity: 0.14),
        SVG.text(
          tick.label, at: .init(x: x, y: bottom + 14), anchor: "middle", size: 11, isMuted: true),
      ]
    }
    return lines + [
      SVG.text(
        xTitle, at: .init(x: size.width / 2, y: bottom + 30), anchor: "middle", size: 11,
        isMuted: true)
    ]
  }

  private func drawn(_ row: Int, _ series: Series) -> [Markup] {
    let y = middle(row)
    let q = Self.quantiles(series.values).map(x)
    let step = max(1, (series.values.count + Self.mostPoints - 1) / Self.mostPoints)
    // The points lie at heights that look random and are the same in every report: multiples of the
    // golden ratio fill an interval evenly.
    let points = stride(from: step / 2, to: series.values.count, by: step).enumerated().map {
      number, place in
      let height = (Double(number) * 0.618_034).truncatingRemainder(dividingBy: 1) - 0.5
      return "M\(hundredths(x(series.values[place]))) \(hundredths(y + 13 * height))h0"
    }
    let whiskers =
      "M\(hundredths(q[0])) \(hundredths(y))H\(hundredths(q[1]))M\(hundredths(q[3])) "
      + "\(hundredths(y))H\(hundredths(q[4]))"
    let colored = Markup(
      "g", ["class": series.style.className, "color": series.style.color, "fill": "currentColor"],
      Markup("title", [:], sentence(series)),
      Markup(
        "path",
        [
          "d": points.joined(), "stroke": "currentColor", "stroke-width": 3,
          "stroke-linecap": "round", "stroke-opacity": 0.35,
        ]),
      Markup("path", ["d": whiskers, "stroke": "currentColor", "stroke-width": 1.4]),
      Markup(
        "rect",
        [
          "x": q[1], "y": y - 7, "width": max(1, q[3] - q[1]), "height": 14,
          "fill-opacity": "0.2", "stroke": "currentColor", "stroke-width": 1.4,
        ]),
      Markup(
        "path",
        [
          "d": "M\(hundredths(q[2])) \(hundredths(y - 7))v14", "stroke": "currentColor",
          "stroke-width": 2.6,
        ]))
    return [
      SVG.text(series.name, at: .init(x: Self.left, y: y - 12), size: 11), colored,
    ]
  }
}

/// A logarithmic axis over positive values, with a place for zeros at its left end.
struct LogarithmicAxis {
  private let low: Double
  private let high: Double
  private let hasZeros: Bool
  /// Values that are smaller than the largest by more than this number of orders of magnitude are
  /// drawn at the left end, since their exact size does not matter and would stretch the axis.
  private static let ordersShown = 12.0
  /// The share of the axis that is kept for zeros.
  private static let zeroShare = 0.1

  /// - Returns: nil without values.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let powers = values.filter { $0 > 0 }.map(log10)
    let top = (powers.max() ?? 0).rounded(.up)
    let bottom = max((powers.min() ?? 0).rounded(.down), top - Self.ordersShown)
    (low, high) = bottom < top ? (bottom, top) : (bottom, bottom + 1)
    hasZeros = values.contains { $0 <= 0 }
  }

  /// The place of a value as a share of the axis.
  func share(_ value: Double) -> Double {
    let start = hasZeros ? Self.zeroShare : 0
    guard value > 0 else { return 0 }
    let across = min(1, max(0, (log10(value) - low) / (high - low)))
    return start + across * (1 - start)
  }

  /// The powers of ten with their labels, at most about eight, and 0 if there are zeros.
  var ticks: [(value: Double, label: String)] {
    let step = max(1, ((high - low) / 7).rounded(.up))
    let powers = stride(from: low, through: high, by: step).map { power in
      (value: pow(10, power), label: Self.label(power))
    }
    return (hasZeros ? [(value: 0, label: "0")] : []) + powers
  }

  private static func label(_ power: Double) -> String {
    let digits = String(Int(power)).map { superscripts[$0] ?? $0 }
    return (0...2).contains(power) ? "\(Int(pow(10, power)))" : "10" + String(digits)
  }

  private static let superscripts: [Character: Character] = [
    "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
    "8": "⁸", "9": "⁹",
  ]
}
