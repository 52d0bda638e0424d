import Evaluation
import Testing

@testable import Reports

@Suite struct AccuracyCurvesTests {
  private func curves(_ grid: Grid) throws -> AccuracyCurves {
    try #require(AccuracyCurves(grid: grid, attack: "fgsm"))
  }

  @Test func thereIsAPanelForEachSourceAndALineForEachVictim() throws {
    let figure = try curves(Sample.grid())
    #expect(figure.panels.map(\.title) == ["Source model: normal", "Source model: masked"])
    for panel in figure.panels { #expect(panel.series.map(\.name) == ["normal", "masked"]) }
  }

  @Test func everyLineHasAsManyPointsAsThereAreBudgets() throws {
    let svg = try curves(Sample.grid()).figure.svg()
    let lines = svg.matches(of: /<polyline points="([^"]*)"/).map(\.1)
    #expect(lines.count == 4)
    for line in lines { #expect(line.split(separator: " ").count == 4) }
  }

  @Test func onlyTheWhiteBoxLineIsEmphasised() throws {
    for panel in try curves(Sample.grid()).panels {
      #expect(
        panel.series.filter(\.isEmphasised).map { "Source model: \($0.name)" } == [panel.title])
    }
  }

  @Test func aHigherAccuracyIsDrawnHigher() throws {
    let svg = try curves(Sample.grid()).panels[0].picture().rendered
    let lines = svg.matches(of: /<polyline points="([^"]*)"/).map { line in
      line.1.split(separator: " ").compactMap { Double($0.split(separator: ",")[1]) }
    }
    // The white-box line is emphasised and therefore drawn last. It is the lowest here.
    let black = try #require(lines.first)
    let white = try #require(lines.last)
    #expect(black == black.sorted() && white == white.sorted())
    #expect(zip(black.dropFirst(), white.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func everyMarkerTellsItsNumbers() throws {
    let svg = try curves(Sample.grid()).figure.svg()
    let note = "normal to masked, ε = 0.2: 40.0% correct (95% interval 30.9–49.8), 40 of 100"
    #expect(svg.contains("<title>\(note)</title>"))
    #expect(count(" of 100</title>", in: svg) == 16)
  }

  @Test func aPictureIsNamedAndDescribedForScreenReaders() throws {
    let svg = try curves(Sample.grid()).figure.svg()
    let labels = svg.matches(of: /role="img" aria-labelledby="([^"]*)"/).flatMap {
      $0.1.split(separator: " ")
    }
    #expect(labels.count == 6)
    for label in labels { #expect(count("id=\"\(label)\"", in: svg) == 1) }
  }

  @Test func hostileNamesLeaveTheFigureWellFormed() throws {
    let svg = try curves(Sample.grid(first: Sample.hostile)).figure.svg()
    #expect(!svg.contains("<script"))
    #expect(isWellFormed(svg))
  }

  @Test func theSameGridIsTheSameBytes() throws {
    #expect(try curves(Sample.grid()).figure.svg() == curves(Sample.grid()).figure.svg())
  }

  @Test func theDataBesideTheFigureHasALineForEachMarker() throws {
    let lines = try curves(Sample.grid()).figure.csv.split(separator: "\n")
    #expect(lines.count == 17)
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("fgsm,") })
  }

  @Test func anAttackWithOneBudgetHasNoCurve() {
    #expect(AccuracyCurves(grid: Sample.grid(), attack: "jsma") == nil)
  }

  @Test func theAxisNamesTheUnitOfBudgetsUnlessTheDataAreBetweenZeroAndOne() throws {
    var grid = Sample.grid()
    #expect(try curves(grid).panels[0].xTitle == "budget ε")
    grid = Sample.grid(valueRange: 0...255)
    #expect(try curves(grid).panels[0].xTitle == "budget ε, in the data's unit")
    // The budget of the Jacobian saliency map is a share of the features.
    #expect(grid.budgetAxis("jsma") == "budget γ")
  }

  @Test func labelsThatWouldTouchMoveApartAndStayInside() {
    let heights = LineChart.spread([96, 97, 98, 99], gap: 14, within: 0...100)
    #expect(heights == [58, 72, 86, 100])
    #expect(LineChart.spread([10, 50], gap: 14, within: 0...100) == [10, 50])
    let crowded = LineChart.spread([Double](repeating: 5, count: 50), gap: 14, within: 0...98)
    #expect(zip(crowded, crowded.dropFirst()).allSatisfy { abs($1 - $0 - 2) < 1e-9 })
  }

  @Test func longNamesKeepTheEndsThatTellThemApart() {
    #expect(LineChart.shortened("gradient-regularised-1", to: 11) == "gradi…sed-1")
    #expect(LineChart.shortened("normal", to: 6) == "normal")
  }

  @Test func noTwoModelsAreDrawnAlike() {
    let looks = (0..<64).map { index in
      let style = Palette.style(index)
      return "\(style.color) \(style.dashes ?? "") \(style.marker)"
    }
    #expect(Set(looks).count == 64)
    // Without colour, the first eight differ by their dashes and by their markers.
    #expect(Set((0..<8).map { Palette.style($0).dashes ?? "" }).count == 8)
    #expect(Set((0..<8).map { Palette.style($0).marker }).count == 8)
  }
}
