import Evaluation
import Foundation
import Testing

@testable import Reports

@Suite("The report by group and by mask")
struct GroupSectionTests {
  /// The sample grid with two groups, of which the second has a name that is markup.
  private static func grid(reliance: Bool = true) -> Grid {
    let plain = Sample.grid()
    let cells = plain.cells.filter { $0.attack == "fgsm" }.map { cell in
      GroupCell(
        attack: cell.attack, epsilon: cell.epsilon, source: cell.source, victim: cell.victim,
        accuracies: GroupAccuracies([
          GroupAccuracy(group: 0, examples: 50, correct: min(50, cell.correct)),
          GroupAccuracy(
            group: 1, name: Sample.hostile, examples: 50, correct: max(0, cell.correct - 50)),
        ]))
    }
    let measured = MaskReliance(
      model: "normal", images: 100, correct: 90, maskedShare: 0.25, clipped: true,
      noises: [
        .init(sigma: 0.5, correctInside: 45, correctOutside: 99, correct: 90, of: 100)
      ], threshold: 0.67, explained: 100, largeShare: 0.75, topCount: 10, topMarked: 6.5)
    return Grid(
      cells: plain.cells, provenance: plain.provenance, groups: cells,
      reliance: reliance ? [measured] : nil)
  }

  @Test("the page has tables by group, curves of the worst group, and the measures with masks")
  func page() {
    let html = ReportPage(grid: Self.grid(), title: "t").html()
    #expect(isWellFormed(html.replacing("<!DOCTYPE html>\n", with: "")))
    #expect(!html.contains("<script"))
    for part in [
      "href=\"#groups\"", "lowest true accuracy", "href=\"#reliance\"", "Worst group under fgsm",
      "Unchanged images",
      // 48 of 50 in the second group of the second model, which is its worst.
      "96.0 (",
      // The drops of 45 and of 99 from 90, and the relative core sensitivity −0.54/0.56.
      "<td>50.0</td>", "<td>−10.0</td>", "<td>−0.96</td>", "<td>75.0</td>", "<td>6.5</td>",
    ] { #expect(html.contains(part), "\(part)") }
  }

  @Test("without groups and masks, the page, the report and the key numbers do not mention them")
  func without() {
    let grid = Sample.grid()
    let html = ReportPage(grid: grid, title: "t").html()
    let text = MarkdownReport(grid: grid, title: "t").text() + KeyNumbers(grid).sentences.joined()
    for part in ["By group", "Reliance", "worst group", "Worst group"] {
      #expect(!html.contains(part) && !text.contains(part), "\(part)")
    }
    #expect(!ReportPage(grid: grid, title: "t").figures.contains { $0.name == "groups" })
  }

  @Test("the curve of a model is that of its worst group on its own examples")
  func curves() throws {
    let panels = try #require(GroupCurves(Self.grid())).panels
    #expect(panels.count == 1 && panels[0].series.map(\.name) == ["normal", "masked"])
    let normal = panels[0].series[0].measurements
    #expect(normal.map(\.x) == [0, 0.1, 0.2, 0.3])
    // 99, 50, 20 and 5 correct: 49, 0, 0 and 0 of 50 in the second group.
    #expect(normal.map(\.proportion) == [0.98, 0, 0, 0])
    let exact = GroupAccuracies([
      GroupAccuracy(group: 0, examples: 50, correct: 50),
      GroupAccuracy(group: 1, examples: 50, correct: 49),
    ]).worstInterval
    #expect(normal[0].interval == exact)

    let every = GroupCurves.everyGroup(Self.grid())
    #expect(every.map(\.title) == ["normal under fgsm", "masked under fgsm"])
    #expect(every[0].series.map(\.name) == ["0", Sample.hostile])
    #expect(every[0].series[0].measurements.map(\.proportion) == [1, 1, 0.4, 0.1])
    #expect(GroupCurves.everyGroup(Sample.grid()).isEmpty)
  }

  @Test("the Markdown has a row for every group, and the key numbers name the worst ones")
  func texts() {
    let grid = Self.grid()
    let text = MarkdownReport(grid: grid, title: "t").text()
    #expect(text.contains("## By group") && text.contains("| Mean over groups |"))
    #expect(!text.replacing("\\<", with: "").contains("<script"))
    let sentence = KeyNumbers(grid).sentences.first { $0.contains("worst group") }
    #expect(
      sentence
        == "Without an attack, the highest accuracy in a worst group is 98.0% (normal, group "
        + "\(Sample.hostile)), and the lowest is 96.0% (masked, group \(Sample.hostile)).")
  }

  @Test("the curve of a choice by the worst group shows all three accuracies")
  func tuning() {
    func candidate(_ value: Double, _ correct: [Int]) -> Tuning.Candidate {
      .init(
        value: value,
        cells: [
          GridCell(
            attack: "fgsm", epsilon: 0, source: "a", victim: "a", examples: 100,
            correct: correct[0] + correct[1])
        ],
        byGroup: GroupAccuracies([
          GroupAccuracy(group: 0, examples: 80, correct: correct[0]),
          GroupAccuracy(group: 1, examples: 20, correct: correct[1]),
        ]))
    }
    let tuning = Tuning(
      experiment: "e", model: "m", setting: "lambda", rule: .worstGroup, reference: "",
      referenceCells: [], candidates: [candidate(1, [80, 5]), candidate(10, [60, 16])])
    let chart = TuningCurve(tuning).chart
    #expect(chart.series.map(\.name) == ["clean", "mean", "worst group"])
    #expect(
      chart.series.map { $0.measurements.map(\.proportion) } == [
        [0.85, 0.76], [0.625, 0.775], [0.25, 0.75],
      ])
    #expect(chart.series[2].measurements[1].note.hasSuffix(", chosen"))
    #expect(isWellFormed(TuningCurve(tuning).svg()))
  }
}
