import Attacks
import Evaluation
import Support

/// A figure of certified accuracy against the size of perturbations, with a panel for each
/// certificate and a line for each model.
///
/// The line is the certified accuracy, which is a lower bound of the accuracy under every attack.
/// The area above it ends at the accuracy under the attacks that were run, which is an upper bound.
/// What lies between them is not known.
struct CertifiedCurves {
  let panels: [LineChart]

  /// - Returns: nil if no certificate has two sizes.
  init?(_ grid: Grid) {
    let cells = grid.certified ?? []
    var seen: Set<String> = []
    let names = cells.map(\.certificate).filter { seen.insert($0).inserted }
    panels = names.enumerated().compactMap { number, name in
      let here = cells.filter { $0.certificate == name }
      guard Set(here.map(\.epsilon)).count > 1, let first = here.first else { return nil }
      let series = grid.models.enumerated().compactMap { index, model -> LineChart.Series? in
        let measurements = here.filter { $0.model == model }.map(Self.measurement)
        guard !measurements.isEmpty else { return nil }
        return .init(
          name: model, style: Palette.style(index), isEmphasised: false, measurements: measurements)
      }
      let norm = Norm(rawValue: first.norm)?.symbol ?? first.norm
      return LineChart(
        id: "certified-\(number)",
        title: "\(name), \(norm)" + (first.isAboutSmoothed ? ", smoothed models" : ""),
        description: """
          Certified accuracy of \(listed(series.map(\.name))) by \(name), against the size of the \
          perturbations in \(norm).
          """,
        xTitle: "size" + (grid.unitSentence == nil ? "" : ", in the data's unit"),
        yTitle: "accuracy, %", series: series)
    }
    if panels.isEmpty { return nil }
  }

  private static func measurement(_ cell: CertifiedCell) -> LineChart.Measurement {
    let attacked = cell.attacked.map { Double($0) / Double(max(1, cell.images)) }
    let known = cell.isAboutSmoothed ? cell.interval : cell.accuracy...cell.accuracy
    return LineChart.Measurement(
      x: cell.epsilon, proportion: cell.accuracy,
      interval: attacked.map { cell.accuracy...max(cell.accuracy, $0) } ?? known,
      note: "\(cell.model), \(budgetText(cell.epsilon)): \(percent(cell.accuracy))% certified"
        + (attacked.map { ", \(percent($0))% under the attacks" } ?? ""))
  }
}

extension ReportPage {
  /// The section on certificates; nil if the experiment has none.
  var certificates: Section? {
    guard let cells = grid.certified, !cells.isEmpty else { return nil }
    // A column that says nothing is left out.
    let columns: [(header: String, values: [String])] = [
      ("Model", cells.map(\.model)), ("Certificate", cells.map(\.certificate)),
      ("Norm", cells.map { Norm(rawValue: $0.norm)?.symbol ?? $0.norm }),
      ("What may change", cells.map { $0.mask ?? "" }),
      ("Size", cells.map { budgetText($0.epsilon) }),
      ("Certified", cells.map { "\(percent($0.accuracy)) (\(percent($0.interval)))" }),
      (
        "Under attack",
        cells.map { cell in
          cell.attacked.map { percent(Double($0) / Double(max(1, cell.images))) } ?? ""
        }
      ),
      ("Images", cells.map { "\($0.images)" }),
    ].filter { column in column.values.contains { !$0.isEmpty } }
    let explanation = """
      An image counts as certified if it is classified correctly and a proof shows that no \
      perturbation up to this size changes its class. The true accuracy under every attack lies \
      between the certified accuracy and the accuracy under the attacks of this report, which \
      counts every example of at most this size, whatever attack made it. “Under attack” is empty for \
      smoothed models, and if no attack was limited by the same mask.
      """
    let smoothed = """
      Certificates by randomised smoothing are about the smoothed model, which gives the most \
      probable class under noise. The attacks of this report were not made on that model.
      """
    let curves = CertifiedCurves(grid).map {
      figure(
        $0.panels,
        caption: """
          The line is the certified accuracy. The shaded area above it ends at the accuracy under \
          the attacks: the accuracy that no attack can lower lies in it. For smoothed models the \
          area is the 95% Wilson interval of the certified accuracy.
          """, name: "certified", results: ["certificates.csv"])
    }
    let content: [(any MarkupContent)?] = [
      Markup("p", [:], explanation),
      cells.contains(where: \.isAboutSmoothed) ? Markup("p", [:], smoothed) : nil,
      curves,
      table(
        "Certified accuracy and accuracy under attack, in %",
        header: columns.map(\.header),
        cells.indices.map { row in columns.map { $0.values[row] } }),
    ]
    return Section(
      id: "certificates", heading: "Certified accuracy", content: content.compactMap(\.self))
  }
}
