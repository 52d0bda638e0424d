import Defenses
import Evaluation
import Testing

@testable import Reports

@Suite struct TrainingCurvesTests {
  private func history(
    _ model: String, _ losses: [Double], validation: [Double] = [], robust: [Double] = []
  )
    -> TrainingHistory
  {
    let epochs = losses.enumerated().map { epoch, loss in
      var record = EpochRecord(epoch: epoch, loss: loss, accuracy: 1 - loss / 10)
      if epoch < validation.count { record.validationAccuracy = validation[epoch] }
      if epoch < robust.count { record.robustAccuracy = robust[epoch] }
      return record
    }
    return TrainingHistory(model: model, epochs: epochs)
  }

  @Test func aModelHasTheStyleItHasInEveryOtherFigure() throws {
    let curves = try #require(TrainingCurves([history("b", [2, 1])], models: ["a", "b"]))
    #expect(curves.panels.map(\.id) == ["training-loss", "training-accuracy"])
    #expect(curves.panels[0].series.map(\.style) == [Palette.style(1)])
  }

  @Test func heldOutImagesHaveAPanelIfThereAreAny() throws {
    let curves = try #require(
      TrainingCurves(
        [history("a", [2, 1], validation: [0.5, 0.75]), history("b", [3, 2])], models: ["a", "b"]))
    let panel = try #require(curves.panels.last)
    #expect(panel.id == "training-validation" && panel.series.map(\.name) == ["a"])
    #expect(panel.series[0].measurements.map(\.proportion) == [0.5, 0.75])
  }

  @Test func accuracyUnderAttackHasAPanelIfItWasMeasured() throws {
    let curves = try #require(
      TrainingCurves([history("a", [2, 1], robust: [0.25, 0.5])], models: ["a"]))
    let panel = try #require(curves.panels.last)
    #expect(panel.id == "training-robust")
    #expect(panel.series[0].measurements.map(\.proportion) == [0.25, 0.5])
  }

  @Test("of a long training, evenly spaced epochs and the last one are shown, quickly")
  func longTrainings() throws {
    let most = TrainingCurves.mostShown
    func shown(_ count: Int) -> [Int] {
      TrainingCurves.shown(history("a", [Double](repeating: 1, count: count)).epochs).map(\.epoch)
    }
    #expect(shown(most) == Array(0..<most))
    for count in [most + 1, 2 * most - 1, 2 * most, 5000] {
      let epochs = shown(count)
      #expect(epochs.first == 0 && epochs.last == count - 1)
      #expect((most / 2...most).contains(epochs.count), "\(epochs.count) of \(count)")
      #expect(Set(zip(epochs, epochs.dropFirst().dropLast()).map { $1 - $0 }).count == 1)
    }
    let losses = (0..<5000).map { 2 - Double($0) / 5000 }
    let histories = (0..<4).map { history("\($0)", losses) }
    let started = ContinuousClock.now
    let curves = try #require(TrainingCurves(histories, models: ["0", "1", "2", "3"]))
    let pictures = curves.panels.map { $0.picture().rendered }
    #expect(pictures.allSatisfy { $0.utf8.count < 100_000 })
    #expect(started.duration(to: .now) < .seconds(5))
  }

  @Test func theAxisOfLossesEndsAboveTheLargest() throws {
    #expect([0.3, 2, 2.1, 7, 0.04].map(TrainingCurves.roundTop) == [0.5, 2, 5, 10, 0.05])
    let curves = try #require(TrainingCurves([history("a", [2.3, 1])], models: ["a"]))
    #expect(
      curves.panels[0].top == 5
        && abs(curves.panels[0].series[0].measurements[0].proportion - 0.46) < 1e-12)
    #expect(curves.panels[0].picture().rendered.contains(">5<"))
  }

  @Test func oneEpochOrAModelThatIsNotInTheReportHasNoCurve() {
    #expect(TrainingCurves([history("a", [1])], models: ["a"]) == nil)
    #expect(TrainingCurves([history("c", [1, 2])], models: ["a"]) == nil)
  }

  @Test func theReportShowsTheTrainingBeforeTheProvenance() throws {
    let page = ReportPage(grid: Sample.grid(), title: "t", histories: [history("normal", [2, 1])])
      .html()
    let training = try #require(page.range(of: "id=\"training\""))
    let provenance = try #require(page.range(of: "id=\"provenance\""))
    #expect(training.lowerBound < provenance.lowerBound)
    #expect(isWellFormed(page.replacing("<!DOCTYPE html>", with: "")))
    #expect(!ReportPage(grid: Sample.grid(), title: "t").html().contains("id=\"training\""))
  }

  @Test func theCurveOfATuningMarksTheChosenValueAndTheLowestCleanAccuracy() {
    let cells = { (victim: String, correct: [Int]) in
      zip([0, 0.1, 0.2, 0.3], correct).map {
        GridCell(
          attack: "fgsm", epsilon: $0, source: "plain", victim: victim, examples: 100, correct: $1)
      }
    }
    let tuning = Tuning(
      experiment: "e", model: "m", setting: "lambda", reference: "plain",
      referenceCells: cells("plain", [100, 50, 20, 5]),
      candidates: [
        .init(value: 1, cells: cells("a", [99, 70, 50, 30])),
        .init(value: 10, cells: cells("b", [98, 90, 80, 70])),
        .init(value: 100, cells: cells("c", [90, 90, 90, 90])),
      ])
    let chart = TuningCurve(tuning).chart
    #expect(chart.series.map(\.name) == ["clean", "black-box", "least clean", "undefended"])
    #expect(chart.series[1].measurements.map(\.x) == [0, 1, 2])
    #expect(chart.series[1].measurements.map(\.proportion) == [0.5, 0.8, 0.9])
    #expect(
      chart.series[1].measurements.map { $0.note.hasSuffix("chosen") } == [false, true, false])
    #expect(chart.series[2].measurements.map(\.proportion) == [0.97, 0.97])
    let svg = TuningCurve(tuning).svg()
    #expect(svg.contains(">100<") && svg.contains("lambda, logarithmic") && isWellFormed(svg))
  }
}
