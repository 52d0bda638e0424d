import Evaluation
import Foundation
import Testing

@testable import Reports

@Suite("Figures as files")
struct ChartFigureTests {
  private func figures() -> [(name: String, figure: ChartFigure)] {
    ReportPage(grid: Sample.grid(first: "nor,mal"), title: "A study").figures
  }

  /// Every value of a key at any depth.
  private func values(of key: String, in json: Any) -> [Any] {
    if let list = json as? [Any] { return list.flatMap { values(of: key, in: $0) } }
    guard let object = json as? [String: Any] else { return [] }
    return (object[key].map { [$0] } ?? []) + object.values.flatMap { values(of: key, in: $0) }
  }

  @Test("A specification uses only columns of the data beside it, and refers to no other file")
  func fields() throws {
    #expect(figures().map(\.name) == ["fgsm", "matrix-fgsm", "matrix-jsma", "worst-case"])
    for (name, figure) in figures() {
      let json = try JSONSerialization.jsonObject(with: figure.vegaLite("\(name).csv").json())
      let columns = Set(
        try #require(figure.csv.split(separator: "\n").first).split(separator: ",").map(String.init)
      )
      let fields = values(of: "field", in: json).compactMap { $0 as? String }
      #expect(fields.count >= 4 && Set(fields).isSubset(of: columns), "\(name): \(fields)")
      #expect(values(of: "url", in: json) as? [String] == ["\(name).csv"])
    }
  }

  @Test("A picture is well formed and its identifiers are unique, whatever the models' names are")
  func wellFormed() {
    for (_, figure) in ReportPage(grid: Sample.grid(first: Sample.hostile), title: "t").figures {
      let svg = figure.svg()
      #expect(isWellFormed(svg) && !svg.contains("<script"))
      let ids = svg.matches(of: /\sid="([^"]*)"/).map { String($0.1) }
      #expect(Set(ids).count == ids.count)
    }
  }

  @Test("A heat map shows every cell of the table and frames the white-box cells")
  func heatMap() {
    let table = GridTable(grid: Sample.grid(), attack: "fgsm", epsilon: 0.3)
    let svg = HeatMap(table: table, id: "m").picture().rendered
    #expect(count("<rect", in: svg) == 4 && count("stroke-width=\"2.2\"", in: svg) == 2)
    for cell in ["5.0", "15.0", "90.0", "98.0"] { #expect(svg.contains(">\(cell)<")) }
  }
}
