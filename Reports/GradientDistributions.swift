import Evaluation
import Foundation

/// A figure of how large the input gradients of models are and how confidently models reject
/// classes: shares of the values by order of magnitude.
struct GradientDistributions {
  let panels: [LineChart]

  /// - Parameters:
  ///   - probes: the probes of the models to show.
  ///   - models: all models of the report, whose order decides each model's style.
  /// - Returns: nil without probes.
  init?(_ probes: [ModelProbe], models: [String]) {
    guard !probes.isEmpty else { return nil }
    panels = [
      Self.panel(
        "label", "Input gradient of the loss for the label", "‖∇ loss‖₂", probes, models,
        \.gradientNorms),
      Self.panel(
        "next", "Input gradient of the loss for the next class", "‖∇ loss‖₂", probes, models,
        \.nextGradientNorms),
      Self.panel(
        "rejected", "Log-probability of the rejected classes", "−log p", probes, models,
        { $0.otherLogProbabilities.map(-) }),
    ].compactMap { $0 }
  }

  /// Each model's shares of values by half orders of magnitude. Exact zeros have a place of their
  /// own at the left end, since they have no logarithm.
  private static func panel(
    _ id: String, _ title: String, _ xTitle: String, _ probes: [ModelProbe], _ models: [String],
    _ values: (ModelProbe) -> [Float]
  ) -> LineChart? {
    let all = probes.map { probe in (probe.model, values(probe).filter(\.isFinite).map(Double.init))
    }
    let places = all.flatMap(\.1).filter { $0 > 0 }.map(place)
    // Values smaller than the largest by more than `ordersShown` orders of magnitude are drawn at
    // the left end, since their exact size does not matter and would stretch the axis.
    let low = max(places.min() ?? 0, (places.max() ?? 0) - 2 * ordersShown)
    let zero = low - 4
    let bins = stride(from: low, through: places.max() ?? low, by: 1)
    let hasZeros = all.contains { $0.1.contains { $0 <= 0 } }
    let series = all.filter { !$0.1.isEmpty }.map { model, values in
      let shares = Dictionary(
        grouping: values.map { $0 > 0 ? max(place($0), low) : zero }, by: \.self
      ).mapValues {
        Double($0.count) / Double(values.count)
      }
      let measurements = ((hasZeros ? [zero] : []) + bins).map { bin in
        let share = shares[bin] ?? 0
        return LineChart.Measurement(
          x: Double(bin) / 2, proportion: share, interval: share...share,
          note: "\(model): \(percent(share))% "
            + (bin == zero ? "exactly 0" : "around \(magnitude(Double(bin) / 2))"))
      }
      return LineChart.Series(
        name: model, style: Palette.style(models.firstIndex(of: model) ?? 0), isEmphasised: false,
        measurements: measurements)
    }
    guard !series.isEmpty else { return nil }
    let zeroPlace = Double(zero) / 2
    return LineChart(
      id: "gradients-" + id, title: title,
      description:
        "\(title): shares of values by order of magnitude, for \(listed(series.map(\.name))).",
      xTitle: xTitle + ", logarithmic", yTitle: "share, %", series: series,
      xLabel: { $0 == zeroPlace ? "0" : $0 == $0.rounded() ? magnitude($0) : "" })
  }

  private static let ordersShown = 12

  /// The nearest half order of magnitude of a positive number, counted in halves: 10 is 2.
  private static func place(_ value: Double) -> Int { Int((2 * log10(value)).rounded()) }

  /// A power of ten as an axis label: "10⁻³", "100".
  private static func magnitude(_ power: Double) -> String {
    guard power == power.rounded() else { return String(format: "%.1g", pow(10, power)) }
    let digits = String(Int(power)).map { superscripts[$0] ?? $0 }
    return (0...2).contains(power) ? "\(Int(pow(10, power)))" : "10" + String(digits)
  }

  private static let superscripts: [Character: Character] = [
    "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
    "8": "⁸", "9": "⁹",
  ]
}

extension ReportPage {
  /// The section on gradients and confidence; nil if no model was probed.
  var gradients: Section? {
    guard let distributions = GradientDistributions(probes, models: grid.models) else { return nil }
    let images = counted(probes.map(\.right.count).max() ?? 0, "image")
    let figure = distributions.panels.figure(
      caption: """
        Measured on the first \(images). If a model's gradients vanish, attacks that follow them \
        fail, even if the model is not robust. All numbers are in probes/<model>.json.
        """)
    return Section(
      id: "gradients", heading: "Gradients and confidence",
      content: [figure] + (gradientSheet.map { [$0.figure] } ?? [])
    )
  }
}
