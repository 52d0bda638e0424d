import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation
@testable import Reports

@Suite("The report's section on other explanations")
struct OtherExplanationsSectionTests {
  private static func model(
    _ name: String, _ number: Int, accuracy: Double, inUnion: Double?, earlier: [Double],
    stop: OtherModel.Stop? = nil
  ) -> OtherModel {
    OtherModel(
      model: name, number: number, trainAccuracy: accuracy, heldOutAccuracy: nil,
      testAccuracy: accuracy, images: 100, explained: 100, largeShare: 0.1, inUnion: inUnion,
      inEarlier: earlier, inMask: 0.25,
      features: [OtherModel.Feature(name: "<Iris>", share: 0.375)], stop: stop)
  }

  private static func grid(disagreeing: Bool = true, lambdas: [Double] = [1000]) -> Grid {
    let found = Disagreements(
      [("normal", [0, 1, 2]), ("normal-2", disagreeing ? [0, 4, 2] : [0, 1, 2])],
      labels: [0, 4, 2])
    let models = [
      model("normal", 1, accuracy: 0.99, inUnion: nil, earlier: []),
      model("normal-2", 2, accuracy: 0.97, inUnion: 0.03, earlier: [0.03]),
      model("normal-3", 3, accuracy: 0.5, inUnion: 0.5, earlier: [0.2, 0.3], stop: .accuracy),
    ]
    let plain = Sample.grid()
    return Grid(
      cells: plain.cells, provenance: plain.provenance,
      another: OtherExplanations(
        AnotherPlan(of: "normal", lambdas: lambdas), models, images: 3, found),
      anotherRepeats: [
        RepeatedMeasure(model: "normal", measure: "test_accuracy", values: [0.9, 0.8])
      ])
  }

  @Test("the page says how the search ended, what was measured, and where the models disagree")
  func page() {
    let grid = Self.grid()
    let html = ReportPage(grid: grid, title: "t").html()
    #expect(isWellFormed(html.replacing("<!DOCTYPE html>\n", with: "")))
    for part in [
      "href=\"#another\"", "The search stopped after normal-3, whose accuracy of 50 % is less than",
      "The ensemble has 2 models", "normal and normal-2", "Accuracy of each model",
      "disagree on 1 of 3", "As normal-2, %", "&lt;Iris&gt; (37.5%)", "Over 2 repetitions",
      "85.0 ± 7.1",
    ] { #expect(html.contains(part), "\(part)") }
    #expect(ReportPage(grid: grid, title: "t").figures.contains { $0.name == "another" })
    #expect(MarkdownReport(grid: grid, title: "t").text().contains("## Other explanations"))
  }

  @Test("the page states the weight of the penalty, or that of each model")
  func weights() {
    func page(_ lambdas: [Double]) -> String {
      ReportPage(grid: Self.grid(lambdas: lambdas), title: "t").html()
    }
    #expect(page([250]).contains("with a penalty (λ = 250) on"))
    #expect(page([250, 250]).contains("with a penalty (λ = 250) on"))
    #expect(page([250, 1e6]).contains("(λ = 250 for normal-2 and 1000000 for normal-3) on"))
  }

  @Test("without a search the page does not mention it, and without disagreements it shows none")
  func without() {
    let plain = ReportPage(grid: Sample.grid(), title: "t")
    #expect(!plain.html().contains("Other explanations"))
    #expect(!plain.figures.contains { $0.name == "another" })
    let agreeing = ReportPage(grid: Self.grid(disagreeing: false), title: "t").html()
    #expect(agreeing.contains("disagree on 0 of 3") && !agreeing.contains("Test example"))
  }

  @Test("the table has a column for each model but the last, and says why the search stopped")
  func table() throws {
    let lines = try #require(Self.grid().another).csv().split(separator: "\n")
    #expect(
      lines[0]
        == "model,number,train_accuracy,held_out_accuracy,test_accuracy,images,explained,large_share,in_union,in_mask,in_normal,in_normal-2,in_ensemble,stop"
    )
    #expect(lines[1] == "normal,1,0.99,,0.99,100,100,0.1,,0.25,,,true,")
    #expect(lines[3] == "normal-3,3,0.5,,0.5,100,100,0.1,0.5,0.25,0.2,0.3,false,accuracy")
  }

  @Test("a grid with a search is read as it was written")
  func roundTrip() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    for lambdas in [[1000], [1000, 1e6]] {
      let grid = Self.grid(lambdas: lambdas)
      try grid.json().write(to: file)
      #expect(try Grid.read(file) == grid)
    }
  }

  @Test("images on which models disagree are shown with gradients in the colours of explain")
  func disagreements() throws {
    let folder = TemporaryFolder()
    let found = Disagreements([("a", [0]), ("b", [1])], labels: [1])
    // Two colour channels of the four pixels cancel each other out.
    let gradient: [Float] = [1, -1, 0, 2] + [0, 0, 0, -2] + [0, 0, 0, 0]
    let header =
      "{\"disagreements\":\(String(decoding: try JSONEncoder().encode(found), as: UTF8.self)),"
      + "\"format\":1,\"valueRange\":[0,1]}"
    try SafetensorsFile.write(
      [
        ("image", Tensor([Float](repeating: 0, count: 12), shape: [1, 3, 2, 2])),
        ("gradient", Tensor(gradient + gradient.map { -$0 }, shape: [2, 1, 3, 2, 2])),
      ], metadata: ["crossfire": header], to: RunFolder.disagreements(in: folder.url))
    let pictures = try #require(DisagreementPictures.stored(for: found, in: folder.url))
    let sheet = try #require(DisagreementSheet(pictures)).sheet()
    #expect(sheet.width == 2 && sheet.height == 8 && sheet.largestScale == 80)
    #expect(sheet.caption.contains("shows test image 0. Each row"))
    #expect(sheet.caption.contains("in all colour channels makes"))
    let picture = try PNG.decode(sheet.png, named: "sheet")
    func color(_ x: Int, _ y: Int) -> [UInt8] {
      (0..<3).map { picture.pixels[($0 * 8 + y) * 2 + x] }
    }
    let (orange, blue, white): ([UInt8], [UInt8], [UInt8]) = (
      [213, 94, 0], [0, 114, 178], [255, 255, 255]
    )
    // The image, a line, and the gradients of both models with a line between them.
    #expect(color(0, 0) == [0, 0, 0])
    #expect([color(0, 3), color(1, 3), color(0, 4), color(1, 4)] == [orange, blue, white, white])
    #expect([color(0, 6), color(1, 6), color(0, 7), color(1, 7)] == [blue, orange, white, white])
  }

  @Test("maps of pictures become a sheet, in which the most frequent pixel is the darkest")
  func maps() throws {
    let maps = [
      ReasonMap(model: "a", shares: [0, 0.5, 0.25, 0], width: 2),
      ReasonMap(model: "b", shares: [0, 0, 0, 0], width: 2),
    ]
    let sheet = try #require(ReasonSheet(maps)).sheet()
    #expect(sheet.width == 5 && sheet.height == 2 && sheet.caption.contains("50.0% and 0.0%"))
    // Pictures of two pixels are 160 screen pixels wide, and do not fill the page.
    #expect(sheet.largestScale == 80)
    #expect(ReasonSheet([ReasonMap(model: "row", shares: [0.5], width: nil)]) == nil)
    #expect(ReasonSheet([]) == nil)
  }
}
