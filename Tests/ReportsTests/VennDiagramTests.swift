import Evaluation
import Foundation
import Testing

@testable import Reports

@Suite struct VennDiagramTests {
  private func overlap() throws -> Overlap {
    let json = """
      {"attack":"fgsm","epsilon":0.2,"source":"normal","victims":["normal","masked","third"],
      "examplesPerImage":1,"parts":[{"fooled":["normal"],"examples":72},
      {"fooled":["masked"],"examples":3},{"fooled":["normal","masked"],"examples":28},
      {"fooled":["normal","masked","third"],"examples":68},{"fooled":[],"examples":85}]}
      """
    return try JSONDecoder().decode(Overlap.self, from: Data(json.utf8))
  }

  private func picture(_ models: [String]) throws -> String {
    VennDiagram(
      id: "v", title: "Source model: normal", models: models, overlap: try overlap(),
      styles: models.indices.map(Palette.style)
    ).picture().rendered
  }

  @Test func everyRegionHasItsNumberAndItsSentence() throws {
    let picture = try picture(["normal", "masked", "third"])
    let numbers = picture.matches(of: />(\d+)</).compactMap { Int($0.1) }
    #expect(numbers.sorted() == [0, 0, 0, 3, 28, 68, 72])
    #expect(
      picture.contains(
        "28 examples fooled normal and masked, and none of the other models shown."))
    #expect(picture.contains("68 examples fooled normal, masked and third."))
    #expect(picture.contains("none: 85"))
    #expect(isWellFormed(picture))
  }

  @Test func aDiagramOfTwoModelsCountsExamplesWhateverTheThirdModelPredicts() throws {
    let picture = try picture(["normal", "masked"])
    let numbers = picture.matches(of: />(\d+)</).compactMap { Int($0.1) }
    #expect(numbers.sorted() == [3, 72, 96])
    #expect(picture.contains("96 examples fooled normal and masked."))
  }

  @Test func anUpSetPlotCountsTheExamplesOfEverySetOfModels() throws {
    let overlap = try overlap()
    let plot = UpSetPlot(
      id: "u", title: "fgsm", models: ["normal", "masked", "third"], overlaps: [overlap, overlap])
    #expect(plot.sets.map(\.examples) == [144, 136, 56, 6])
    #expect(
      plot.sets.map(\.members) == [
        ["normal"], ["normal", "masked", "third"], ["normal", "masked"], ["masked"],
      ])
    let picture = plot.picture().rendered
    #expect(picture.contains("144 examples fooled exactly normal."))
    #expect(picture.contains("136 examples fooled exactly all 3 models."))
    #expect(picture.contains("fooling no model: 170"))
    #expect(isWellFormed(picture))
  }

  @Test func thePageShowsTheModelsOfTheGrid() throws {
    let grid = Sample.grid()
    let page = ReportPage(
      grid: Grid(cells: grid.cells, provenance: grid.provenance, overlaps: [try overlap()]),
      title: "t"
    ).html()
    #expect(count("id=\"overlaps\"", in: page) == 1 && page.contains("Source model: normal"))
    #expect(count("id=\"overlaps\"", in: ReportPage(grid: grid, title: "t").html()) == 0)
  }
}
