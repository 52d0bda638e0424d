import Testing

@testable import HumanStudy
@testable import Reports

@Suite("The section on the human study")
struct StudySectionTests {
  /// Results of one condition with every part that the section can show.
  private func results(_ name: String) -> StudyResults {
    let condition = Condition(source: name, attack: "fgsm", epsilon: 0.1)
    let share = StudyResults.Share(
      count: 9, of: 55, share: 9.0 / 55, wilson: [0.09, 0.283], bootstrap: nil)
    return StudyResults(
      title: name, classNames: [name, "1"],
      participants: .init(
        answered: 3, analysed: 2, excluded: [.init(participant: name, reason: name)], rules: nil,
        checksRight: 0,
        checks: 0,
        repeated: 0, repeatedSame: 0),
      conditions: [
        .init(
          condition: condition, participants: 2, pictures: 5, images: 5, fooled: share,
          reasonable: share,
          original: share,
          medianMilliseconds: 900, byLabel: [[1, 0, 2], [0, 3, 0]],
          byTarget: [[1, 0, 2], [0, 3, 0]])
      ],
      comparisons: [
        .init(
          measure: "fooled", first: condition, second: condition, difference: 0.144,
          bootstrap: [-0.01, 0.3],
          logOdds: nil,
          standardError: nil, mixedP: 0.00004, fisherP: 0.0168)
      ], models: [],
      agreement: [
        .init(
          condition: nil, pictures: 4, answers: 9, alpha: 0.5, alphaInterval: [0.2, 0.8],
          kappa: nil,
          kappaInterval: nil,
          kappaPictures: 3, kappaRaters: 2)
      ],
      withModels: [
        .init(
          model: name, answers: 9, peopleRight: 0.5, modelRight: 0.25, sameAnswer: 0.1,
          errorConsistency: -0.2,
          interval: nil, participants: 2)
      ],
      times: .init(
        median: 900, fastest: 500, slowest: 1500, logMean: 6.8, logDeviation: 0.3, answers: 9))
  }

  @Test("The section exists if there are results, and the table of contents lists it")
  func presence() {
    let without = ReportPage(grid: Sample.grid(), title: "t").html()
    #expect(!without.contains("What people see"))
    let page = ReportPage(grid: Sample.grid(), title: "t", study: results("normal")).html()
    #expect(
      page.contains("href=\"#study\"") && page.contains(">16.4<") && page.contains(">9.0 to 28.3<"))
    #expect(
      page.contains("&lt; 0.0001") && page.contains(">0.0168<") && page.contains("Krippendorff"))
    #expect(page.contains("2 of 3 participants are analysed"))
    // The chart has the same numbers, and names what the budget means.
    #expect(page.contains("normal, fgsm, ε = 0.1: 16.4% (9.0–28.3), 9 of 55 answers."))
  }

  @Test("The section escapes every name")
  func escaping() {
    let page = ReportPage(grid: Sample.grid(), title: "t", study: results(Sample.hostile)).html()
    #expect(!page.contains("<script"))
    #expect(isWellFormed(page.replacing("<!DOCTYPE html>", with: "")))
  }

  @Test("The section omits tables of answers with more classes than a reader can survey")
  func manyClasses() {
    var many = results("normal")
    many.classNames = (0..<21).map(String.init)
    let page = ReportPage(grid: Sample.grid(), title: "t", study: results("normal")).html()
    #expect(page.contains(">Answers: "))
    #expect(
      !ReportPage(grid: Sample.grid(), title: "t", study: many).html().contains(">Answers: "))
  }
}
