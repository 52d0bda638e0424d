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

  private func distributions() throws -> GradientDistributions {
    let probes = [
      try probe("masked", norms: [0, 1e-7, 0, 0]), try probe("plain", norms: [0.1, 0.001, 1, 0.1]),
    ]
    return try #require(GradientDistributions(probes, models: ["plain", "masked"]))
  }

  @Test func everyModelHasARowInTheOrderOfTheReport() throws {
    let panels = try distributions().panels
    #expect(panels.map(\.id) == ["gradients-label", "gradients-next", "gradients-rejected"])
    for panel in panels { #expect(panel.series.map(\.name) == ["plain", "masked"]) }
    #expect(panels[0].series[0].values == [0.001, 0.1, 0.1, 1].map { Double(Float($0)) })
    #expect(panels[0].series[1].style == Palette.style(1))
    #expect(panels[2].series[0].values == [10, 20, 400])
    let picture = panels[0].picture().rendered
    #expect(isWellFormed(picture))
    #expect(picture.contains("masked: median 0, half of the values from 0 to "))
    #expect(picture.contains("75.0% exactly 0."))
  }

  @Test func theQuantilesAreThoseOfNumPy() {
    // numpy.quantile([1, 2, 4, 8, 16], [0.05, 0.25, 0.5, 0.75, 0.95])
    let quantiles = BoxPlot.quantiles([1, 2, 4, 8, 16])
    for (found, expected) in zip(quantiles, [1.2, 2, 4, 8, 14.4]) {
      #expect(abs(found - expected) < 1e-12)
    }
    #expect(BoxPlot.quantiles([3]) == [3, 3, 3, 3, 3])
  }

  @Test func theAxisIsLogarithmicAndKeepsAPlaceForZeros() throws {
    let axis = try #require(LogarithmicAxis([0.001, 0.1, 10]))
    #expect(axis.share(0.001) == 0 && axis.share(10) == 1 && abs(axis.share(0.1) - 0.5) < 1e-12)
    #expect(axis.ticks.map(\.label) == ["10⁻³", "10⁻²", "10⁻¹", "1", "10"])
    let withZeros = try #require(LogarithmicAxis([0, 0.001, 10]))
    #expect(withZeros.share(0) == 0 && withZeros.share(0.001) > 0.05 && withZeros.share(10) == 1)
    #expect(withZeros.ticks.first?.label == "0")
    // What is smaller by more than twelve orders of magnitude does not stretch the axis.
    let wide = try #require(LogarithmicAxis([1e-40, 1]))
    #expect(wide.share(1e-40) == 0 && wide.share(1e-12) == 0)
    #expect(LogarithmicAxis([]) == nil)
  }

  @Test func theDataOfTheFigureHaveEveryValue() throws {
    let lines = try #require(distributions().figure).csv.split(separator: "\n")
    // Two models with four norms, two norms for the next class and three log-probabilities.
    #expect(lines.count == 1 + 2 * (4 + 2 + 3))
    #expect(lines[0] == "panel,series,value")
    #expect(lines[1] == "Input gradient of the loss for the label,plain,0.001")
  }

  @Test func withoutProbesThereIsNothingToShow() throws {
    let probes = [try probe("a", norms: [1])]
    #expect(GradientDistributions([], models: ["a"]) == nil)
    #expect(GradientDistributions(probes, models: ["a"])?.panels.count == 3)
  }
}
