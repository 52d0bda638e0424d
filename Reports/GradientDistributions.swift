import Evaluation
import Foundation
import Support

/// A figure of how large the input gradients of models are and how confidently models reject
/// classes: box plots with a row for each model.
struct GradientDistributions {
  let panels: [BoxPlot]

  /// - Parameters:
  ///   - probes: the probes of the models to show.
  ///   - models: all models of the report, whose order decides each model's row and style.
  /// - Returns: nil without probes.
  init?(_ probes: [ModelProbe], models: [String]) {
    guard !probes.isEmpty else { return nil }
    let ordered = models.compactMap { name in probes.first { $0.model == name } }
    func panel(
      _ id: String, _ title: String, _ xTitle: String, _ values: (ModelProbe) -> [Float]
    ) -> BoxPlot? {
      let series = ordered.compactMap { probe -> BoxPlot.Series? in
        let finite = values(probe).filter(\.isFinite).map { Double(max(0, $0)) }.sorted()
        guard !finite.isEmpty else { return nil }
        let style = Palette.style(models.firstIndex(of: probe.model) ?? 0)
        return .init(name: probe.model, style: style, values: finite)
      }
      return BoxPlot(
        id: "gradients-" + id, title: title, xTitle: xTitle + ", logarithmic", series: series)
    }
    panels = [
      panel("label", "Input gradient of the loss for the label", "‖∇ loss‖₂", \.gradientNorms),
      panel(
        "next", "Input gradient of the loss for the next class", "‖∇ loss‖₂",
        \.nextGradientNorms),
      panel("rejected", "Log-probability of the rejected classes", "−log p") {
        $0.otherLogProbabilities.map(-)
      },
    ].compactMap { $0 }
  }

  /// The figure as files. Its data have a line for each value.
  var figure: ChartFigure? {
    guard let first = panels.first else { return nil }
    var table = CSV(header: "panel,series,value")
    for panel in panels {
      for series in panel.series {
        // The values were measured in single precision.
        for value in series.values { table.append([panel.title, series.name, "\(Float(value))"]) }
      }
    }
    let title = "Gradients and confidence"
    return ChartFigure(
      title: title, description: title, panels: panels.map { panel in { panel.picture(at: $0) } },
      size: first.size, csv: table.text,
      vegaLite: { file in
        .boxes(
          title: title, data: file, panel: .init("panel", ""), series: .init("series", "model"),
          value: .init("value", "value, symmetric logarithm"))
      })
  }
}

extension ReportPage {
  /// The section on gradients and confidence; nil if no model was probed.
  var gradients: Section? {
    guard let distributions = GradientDistributions(probes, models: grid.models) else { return nil }
    let images = counted(probes.map(\.right.count).max() ?? 0, "image")
    let boxes = figure(
      distributions.panels.map { $0.picture() },
      caption: """
        Measured on the first \(images). A box reaches from the lower to the upper quartile, with a \
        line at the median; the whiskers end at the 5th and the 95th percentile. At most \
        \(BoxPlot.mostPoints) values are shown as points. If a model's gradients vanish, attacks \
        that follow them fail, even if the model is not robust. All measurements are in \
        probes/<model>.json.
        """, name: "gradients")
    return Section(
      id: "gradients", heading: "Gradients and confidence",
      content: [boxes] + (gradientSheet.map { [figure(of: $0)] } ?? []))
  }
}
