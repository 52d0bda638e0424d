import Evaluation
import Foundation
import Testing

@testable import Reports

@Suite("The figure of decision maps")
struct DecisionMapFigureTests {
  /// A map of 3x3 places: the class is 0 in the first column, 1 in the others, and none in the last
  /// place.
  private func map(_ model: String, _ name: String = "a") throws -> DecisionMap {
    let text = """
      {"model": "\(model)", "classNames": ["\(name)", "b"], "ranges": [[-2, 2], [0, 3]], "size": 3,
       "classes": [0, 1, 1, 0, 1, 1, 0, 1, -1],
       "points": [{"features": [-2, 0], "label": 0}, {"features": [2, 3], "label": 1}]}
      """
    return try JSONDecoder().decode(DecisionMap.self, from: Data(text.utf8))
  }

  @Test("a panel shows each class, the data and how steady the decision is")
  func panel() throws {
    let panel = DecisionPanel(map: try map("plain"), id: "p")
    let svg = panel.picture().rendered
    #expect(isWellFormed(svg))
    #expect(svg.contains("one class along the first feature: 0.0%, the second: 66.7%"))
    // The first row of places is at the bottom of the picture.
    #expect(svg.contains("M0 2h1v1h-1zM0 1h1v1h-1zM0 0h1v1h-1z"))
    #expect(svg.contains("M1 2h2v1h-2zM1 1h2v1h-2zM1 0h1v1h-1z"))
    #expect(svg.contains("M2 0h1v1h-1z"))
    #expect(count("<circle", in: svg) == 4 && svg.contains("cx=\"42\" cy=\"310\""))
    #expect(svg.contains(">−2<") && svg.contains(">3<"))
  }

  @Test("the page has a section of the maps, and the figure's data have every place")
  func page() throws {
    let maps = try [map("plain"), map("robust")]
    let page = ReportPage(grid: Sample.grid(), title: "t", decisionMaps: maps)
    let html = page.html()
    #expect(count("<h2 id=\"decisions-heading\">Decision maps</h2>", in: html) == 1)
    #expect(html.contains("Decisions of plain") && html.contains("Decisions of robust"))
    #expect(!ReportPage(grid: Sample.grid(), title: "t").html().contains("Decision maps"))
    let figure = try #require(page.figures.first { $0.name == "decisions" }?.figure)
    let lines = figure.csv.split(separator: "\n")
    #expect(lines.count == 19 && lines[0] == "model,first,second,class,log_odds")
    #expect(lines[1] == "plain,-1.3333334,0.5,a," && lines[9] == "plain,1.3333334,2.5,none,")
    let json = String(decoding: try figure.vegaLite("decisions.csv").json(), as: UTF8.self)
    #expect(json.contains("\"field\" : \"class\"") && json.contains("\"decisions.csv\""))
    #expect(isWellFormed(figure.svg()))
  }

  @Test("with log-odds, a panel has their contours and curvature, and the caption explains them")
  func contours() throws {
    // The log-odds are 6·x₁ / 4 − 3·x₂ at the middle of each place: linear, from −9.5 to 0.5.
    let values = (0..<9).map { place -> Double in
      let (first, second) = (Double(place % 3), Double(place / 3))
      return 2 * first - 3 * second - 3.5
    }
    let text = """
      {"model": "m", "classNames": ["a", "b"], "ranges": [[-2, 2], [0, 3]], "size": 3,
       "classes": [0, 0, 1, 0, 0, 0, 0, 0, 0], "logOdds": \(values), "points": []}
      """
    let map = try JSONDecoder().decode(DecisionMap.self, from: Data(text.utf8))
    let panel = DecisionPanel(map: map, id: "p").picture().rendered
    #expect(isWellFormed(panel) && panel.contains("curvature of the log-odds: 0<"), "\(panel)")
    #expect(count("stroke-width=\"2\"", in: panel) == 1)
    #expect(count("stroke-dasharray", in: panel) == 5)
    let figure = try #require(DecisionMapFigure([map]))
    #expect(figure.caption.contains("log-odds of the second class"))
    #expect(figure.figure.csv.contains("m,-1.3333334,0.5,a,-3.5"))
    let plain = try #require(DecisionMapFigure([self.map("plain")]))
    #expect(!plain.caption.contains("log-odds"))
  }

  @Test("names of models and classes are escaped")
  func hostile() throws {
    let panel = DecisionPanel(map: try map("<b>&", "<script>"), id: "p")
    let svg = panel.picture().rendered
    #expect(isWellFormed(svg) && !svg.contains("<script>") && !svg.contains("<b>"))
  }
}
