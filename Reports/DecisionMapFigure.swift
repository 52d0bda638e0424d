import Evaluation
import Support

/// A figure of the decisions of models on data with two features, with a panel for each model: the
/// plane of the features, coloured by the predicted class, and the data.
///
/// It has the form of figure 1 of J. Heo, V. Piratla, M. Wicker and A. Weller, "Use Perturbations
/// when Learning from Explanations" (2023).
struct DecisionMapFigure {
  private let maps: [DecisionMap]

  /// - Parameter maps: the maps in the order of the panels.
  /// - Returns: nil without maps.
  init?(_ maps: [DecisionMap]) {
    guard !maps.isEmpty else { return nil }
    self.maps = maps
  }

  /// The caption under the figure.
  static let caption = """
    Each panel shows the class that one model predicts over the plane of the two features, within \
    the range of the data. The discs are the first examples that were evaluated, in the colour of \
    their true class. The lines below the title say how many of the lines in the direction of a \
    feature have one class from end to end: 100% if the model's decision ignores this feature.
    """

  /// What the caption adds if the panels have contours.
  static let contourCaption = """
     The curves join points with equal log-odds of the second class, from −5 to 5: the thick one is \
    the decision boundary at 0, solid ones are above it and dashed ones below it. The curvature is \
    the root mean square of the norm of the log-odds' second derivative; up to rounding it \
    is 0 if the log-odds are linear, and the boundary is then straight.
    """

  /// The caption of these maps.
  var caption: String {
    Self.caption + (maps.contains { $0.logOdds != nil } ? Self.contourCaption : "")
  }

  var panels: [DecisionPanel] {
    maps.enumerated().map { DecisionPanel(map: $1, id: "decisions-\($0)") }
  }

  /// The figure as files. Its data have a line for each place of each map.
  var figure: ChartFigure {
    var table = CSV(header: "model,first,second,class,log_odds")
    for map in maps {
      for second in 0..<map.size {
        for first in 0..<map.size {
          let name = map.className(map.predicted(first, second))
          table.append([
            map.model, "\(map.place(first, of: 0))", "\(map.place(second, of: 1))", name,
            map.logOdds.map { "\($0[first + second * map.size])" } ?? "",
          ])
        }
      }
    }
    let title = "Decision maps"
    return ChartFigure(
      title: title, description: caption,
      panels: panels.map { panel in { panel.picture(at: $0) } }, size: DecisionPanel.size,
      csv: table.text,
      vegaLite: { file in
        .plane(
          title: title, data: file, panel: .init("model", ""), x: .init("first", "first feature"),
          y: .init("second", "second feature"), kind: .init("class", "predicted class"))
      })
  }
}

extension ReportPage {
  /// The section of decision maps; nil if the data do not have two features.
  var decisions: Section? {
    guard let maps = DecisionMapFigure(decisionMaps) else { return nil }
    let content = figure(
      maps.panels.map { $0.picture() }, caption: maps.caption, name: "decisions")
    return Section(id: "decisions", heading: "Decision maps", content: [content])
  }
}
