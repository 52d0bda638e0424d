import Evaluation
import Foundation
import Testing

@testable import Reports

@Suite struct GradientDistributionsTests {
  private func probe(_ model: String, norms: [Float]) throws -> ModelProbe {
    let json = """
      {"model":"\(model)","gradientNorms":\(norms),"nextGradientNorms":[1,10],
      "otherLogProbabilities":[-10,-20,-400],"brokenRows":0,"brokenNearby":0,
      "ignoresImages":false,"ignoresClasses":false,"givesProbabilities":false,"contests":[],
      "changeWhenRepeated":0,"changeWhenAlone":0,"attacked":2,"rightUnderAttack":0,
      "right":[true,false],"noises":[]}
      """
    return try JSONDecoder().decode(ModelProbe.self, from: Data(json.utf8))
  }

  @Test func sharesOfAModelSumToOneAndZerosStandApart() throws {
    let probes = [
      try probe("masked", norms: [0, 0, 0, 1e-7]), try probe("plain", norms: [0.001, 0.1, 0.1, 1]),
    ]
    let distributions = try #require(GradientDistributions(probes, models: ["plain", "masked"]))
    #expect(
      distributions.panels.map(\.id) == ["gradients-label", "gradients-next", "gradients-rejected"])
    for panel in distributions.panels {
      for series in panel.series {
        #expect(abs(series.measurements.map(\.proportion).reduce(0, +) - 1) < 1e-12)
      }
    }
    let label = distributions.panels[0]
    let masked = try #require(label.series.first { $0.name == "masked" })
    #expect(
      masked.measurements[0].proportion == 0.75
        && masked.measurements[0].note == "masked: 75.0% exactly 0")
    #expect(label.xLabel(masked.measurements[0].x) == "0")
    #expect(masked.style == Palette.style(1))
    #expect(["10⁻⁷", "10⁻⁴", "1"] == [-7, -4, 0].map(label.xLabel))
    // The axis has no place for zeros where there are none.
    #expect(distributions.panels[1].series[0].measurements.map(\.x) == [0, 0.5, 1])
    #expect(isWellFormed(label.picture().rendered))
  }

  @Test func withoutProbesThereIsNothingToShow() throws {
    let probes = [try probe("a", norms: [1])]
    #expect(GradientDistributions([], models: ["a"]) == nil)
    #expect(GradientDistributions(probes, models: ["a"])?.panels.count == 3)
  }
}
