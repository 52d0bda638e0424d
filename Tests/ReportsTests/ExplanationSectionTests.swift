import Datasets
import Explanations
import Foundation
import ModelCore
import Support
import Testing

@testable import Evaluation
@testable import Reports

@Suite("The report's section on explanations")
struct ExplanationSectionTests {
  private static let methods = ["gradient", "lime"].map {
    ExplainedModel.Method(
      name: $0, title: "title of \($0)", summary: "what \($0) does",
      score: "the probability of the predicted class")
  }

  private static func model(_ name: String) -> ExplainedModel {
    func measure(_ method: String, _ name: TrustName, _ mean: Double, with other: String? = nil)
      -> TrustMeasure
    {
      TrustMeasure(
        method: method, measure: name.rawValue, with: other, mean: mean, deviation: 0.1,
        examples: 5)
    }
    return ExplainedModel(
      model: name, request: "r", methods: methods, explained: nil, top: 10, trusted: 5,
      measures: [
        measure("gradient", .rankCorrelation, 0.25, with: "lime"),
        measure("gradient", .topOverlap, 0.375, with: "lime"),
        measure("gradient", .shareInMask, 0.5), measure("gradient", .maskedShare, 0.0625),
        measure("gradient", .allLayersReset, -0.125), measure("gradient", .seconds, 13e-6),
        measure("lime", .seconds, 1.54), measure("random order", .deletionArea, 0.75),
      ],
      computed: ComputationRecord(device: "cpu", threads: 1, crossfire: "1", libtorch: "2"))
  }

  private static func example(_ predicted: String, _ features: [StoredExplanations.Feature])
    -> StoredExplanations.Example
  {
    StoredExplanations.Example(
      index: 12, label: "cat", predicted: predicted, probability: 0.934,
      features: [features, features.reversed()])
  }

  private static func feature(_ name: String, _ contribution: Float, isMasked: Bool = false)
    -> StoredExplanations.Feature
  {
    StoredExplanations.Feature(
      place: 0, name: name, value: 4.5, contribution: contribution, isMasked: isMasked)
  }

  /// Explanations of pictures of 1x2x3 by two models, of which the second is wrong.
  private static func pictures(side: Int = 1, contribution: Double = 0.25) -> [StoredExplanations] {
    ["normal", Sample.hostile].enumerated().map { number, name in
      StoredExplanations(
        model: model(name), examples: [example(number == 0 ? "cat" : "dog", [])],
        valueRange: 0...1, isText: false,
        images: Tensor.full(0.5, shape: [1, 1, 2 * side, 3 * side]),
        contributions: Tensor.full(contribution, shape: [2, 1, 6 * side * side]))
    }
  }

  @Test("maps of large and of thin pictures are reduced, and keep at least one row and column")
  func thin() throws {
    for (height, width) in [(1, 200), (300, 1), (4, 1024), (129, 200)] {
      let models = [
        StoredExplanations(
          model: Self.model("normal"), examples: [Self.example("cat", [])], valueRange: 0...1,
          isText: false, images: Tensor.full(0.5, shape: [1, 1, height, width]),
          contributions: Tensor.full(0.25, shape: [2, 1, height * width]))
      ]
      #expect(try ExplanationMaps(models) != nil, "\(height)x\(width)")
    }
  }

  private static func rows(isText: Bool) -> [StoredExplanations] {
    let features = [
      feature("petal length", 0.5, isMasked: true), feature("<b>", -0.25), feature("leaf", 0.125),
    ]
    return [
      StoredExplanations(
        model: model("normal"), examples: [example("dog", features)], valueRange: 0...10,
        isText: isText, images: Tensor.ones([1, 3]), contributions: Tensor.ones([2, 1, 3]))
    ]
  }

  private static func page(_ stored: [StoredExplanations]) throws -> String {
    let plain = Sample.grid()
    let grid = Grid(
      cells: plain.cells, provenance: plain.provenance, explanations: stored.map(\.model))
    let page = ReportPage(grid: grid, title: "t", answers: try ExplainedAnswers(stored))
    let html = page.html()
    #expect(isWellFormed(html.replacing("<!DOCTYPE html>\n", with: "")))
    return html
  }

  @Test("pictures stand beside a map of each method and model, with a legend and the tables")
  func maps() throws {
    let html = try Self.page(Self.pictures())
    for part in [
      "href=\"#explanations\"", "Orange: the pixel raises the score. Blue: it lowers the score.",
      "lowers the score</text>", "what gradient does", "the probability of the predicted class",
      "example 12", "✗ dog", "93 %", "±\u{A0}0.25", "alt=\"lime of normal for example 12\"",
      "Top 10 in common, %", "37.5", "13\u{A0}µs", "1.5\u{A0}s", "120000\u{A0}×", "−0.12",
      "which cover 6.2", "&lt;script&gt;",
    ] { #expect(html.contains(part), "\(part)") }
    #expect(!html.contains(Sample.hostile))
    // The picture and two maps of two models, each of 2x3 pixels shown as 64x96.
    #expect(html.components(separatedBy: "width=\"96\" height=\"64\"").count == 1 + 1 + 4)
  }

  @Test("a map without contributions says so")
  func nothing() throws {
    let html = try Self.page(Self.pictures(contribution: 0))
    #expect(html.components(separatedBy: ">all 0<").count == 1 + 4 && !html.contains("±\u{A0}"))
  }

  @Test("large pictures are reduced, and small ones are enlarged by whole numbers")
  func sizes() throws {
    let html = try Self.page(Self.pictures(side: 100))
    #expect(html.contains("width=\"100\" height=\"66\""))
  }

  @Test("rows have a bar for each feature, and masked features have bold names")
  func bars() throws {
    let html = try Self.page(Self.rows(isText: false))
    for part in [
      "Example 12: cat", "normal, lime", "predicts dog, 93 %: wrong", "petal length = 4.5",
      "&lt;b&gt; = 4.5", "−0.25", "Names in bold", "each feature contributes",
    ] { #expect(html.contains(part), "\(part)") }
    #expect(html.contains("font-weight=\"650\">petal length = 4.5"))
    #expect(!html.contains("font-weight=\"650\">leaf"))
  }

  @Test("bars are as long as the contributions, to the right in orange if they raise the score")
  func lengths() {
    let picture = ExplanationBars(
      id: "x", title: "t", subtitle: "s",
      features: [Self.feature("up", 0.5), Self.feature("down", -0.25)], showsValues: false
    ).picture().rendered
    #expect(picture.contains("<rect x=\"262\" y=\"54\" width=\"60\""))
    #expect(picture.contains("<rect x=\"232\" y=\"76\" width=\"30\""))
    let (up, down) = (
      picture.range(of: Palette.colors[1].light), picture.range(of: Palette.colors[0].light)
    )
    #expect(up != nil && down != nil && up!.lowerBound < down!.lowerBound)
  }

  @Test("texts speak of words and do not show their weights")
  func texts() throws {
    let html = try Self.page(Self.rows(isText: true))
    #expect(html.contains("each word contributes") && html.contains(">petal length</text>"))
    #expect(!html.contains("petal length = "))
  }

  @Test("without explanations the page does not mention them; Markdown and grid.json have them")
  func elsewhere() throws {
    let plain = Sample.grid()
    #expect(!ReportPage(grid: plain, title: "t").html().contains("Explanations"))
    #expect(!MarkdownReport(grid: plain, title: "t").text().contains("Explanations"))
    let grid = Grid(
      cells: plain.cells, provenance: plain.provenance, explanations: [Self.model("normal")])
    let text = MarkdownReport(grid: grid, title: "t").text()
    #expect(text.contains("## Explanations") && text.contains("| normal | gradient, lime | 0.25 |"))
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try grid.json().write(to: file)
    #expect(try Grid.read(file) == grid)
    let lines = try #require(grid.explanations).csv().split(separator: "\n")
    #expect(lines[0] == "model,method,measure,with,mean,standard_deviation,examples")
    #expect(lines[1] == "normal,gradient,rank_correlation,lime,0.25,0.1,5")
  }
}
