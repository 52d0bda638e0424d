import Evaluation
import Foundation
import Support
import Testing

@testable import HumanStudy

@Suite("Scoring studies with few or equal answers")
struct StudyScoreLimitsTests {
  /// All files that scoring writes for people and programs, as one text.
  private func written(_ study: SampleStudy) throws -> String {
    let folder = study.folder
    return try [folder.resultsText, folder.resultsTable, folder.comparisonTable, folder.results]
      .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
  }

  private func expectNumbers(_ text: String) {
    let words = text.lowercased().split { !$0.isLetter }
    #expect(!words.contains("nan") && !words.contains("inf") && !words.contains("infinity"))
  }

  @Test("one participant gives shares, but no bootstrap, and a sentence says so")
  func onePerson() throws {
    let study = SampleStudy()
    for image in 0..<12 {
      study.say("p", image % 2 == 0 ? "a" : "b", image: image, image % 3 == 0 ? .target : .original)
    }
    let results = try study.score()
    let comparison = try #require(results.comparisons.first)
    #expect(results.summary.contains("The answers are from one participant"))
    #expect(comparison.bootstrap == nil && comparison.bootstrapP == nil)
    #expect(results.conditions.allSatisfy { $0.fooled.bootstrap == nil })
    #expect(
      comparison.notes?.first
        == "The mixed model leaves out that people differ, because all answers are from one person."
    )
    expectNumbers(try written(study))
  }

  @Test("pictures of one image give shares, but no bootstrap, and a note says what is left out")
  func oneImage() throws {
    let study = SampleStudy()
    for person in 0..<8 {
      for model in ["a", "b"] {
        let isTarget = (person + (model == "a" ? 0 : 1)) % 3 == 0
        study.say("p\(person)", model, image: 3, isTarget ? .target : .original)
      }
    }
    let results = try study.score()
    let comparison = try #require(results.comparisons.first)
    #expect(comparison.bootstrapP == nil && comparison.mixedP != nil)
    #expect(
      comparison.notes?.contains(
        "The mixed model leaves out that images differ, because all pictures are made of one image."
      ) == true)
    expectNumbers(try written(study))
  }

  @Test("equal answers in one condition, or in all, give no infinite or missing number")
  func separated() throws {
    for isEqual in [true, false] {
      let study = SampleStudy()
      for person in 0..<6 {
        for image in 0..<6 {
          study.say("p\(person)", "a", image: image, .original)
          let isTarget = !isEqual && (person + image) % 3 == 0
          study.say("p\(person)", "b", image: image, isTarget ? .target : .original)
        }
      }
      let results = try study.score()
      let comparison = try #require(results.comparisons.first { $0.measure == "fooled" })
      #expect(comparison.logOdds == nil && comparison.standardError == nil)
      #expect(isEqual ? comparison.mixedP == 1 : (comparison.mixedP ?? 1) < 0.05)
      // Every sample of equal answers has the same difference, which says nothing about it.
      #expect((comparison.bootstrap == nil) == isEqual && (comparison.bootstrapP == nil) == isEqual)
      #expect(try written(study).contains("because all answers in a condition are equal"))
      expectNumbers(try written(study))
    }
  }

  @Test("a condition without answers is named")
  func unanswered() throws {
    let study = SampleStudy()
    study.picture("b", image: 1)
    for person in 0..<3 {
      for image in 0..<3 { study.say("p\(person)", "a", image: image, .original) }
    }
    let results = try study.score()
    #expect(results.unanswered?.map(\.source) == ["b"])
    #expect(results.summary.contains("No answer is about b jsma 0.25."))
    #expect(results.comparisons.isEmpty)
    expectNumbers(try written(study))
  }

  @Test("the bootstrap's p is at most 0.05 where its interval excludes 0")
  func bootstrap() {
    let sample = BootstrapSample((0..<1000).map { Double($0) - 20.5 })
    #expect(sample.pOfZero == 2 * 22.0 / 1001 && sample.interval[0] > 0)
    let wider = BootstrapSample((0..<1000).map { Double($0) - 30.5 })
    #expect(wider.pOfZero > 0.05 && wider.interval[0] < 0)
    #expect(BootstrapSample([-1, 0, 1]).pOfZero == 1)
    #expect(!BootstrapSample([0.5, 0.5]).varies && sample.varies)
  }

  @Test("comparisons.csv has a row for each measure and two conditions")
  func comparisons() throws {
    let study = SampleStudy()
    for person in 0..<6 {
      for image in 0..<6 {
        for (place, model) in ["a", "b", "c"].enumerated() {
          let isTarget = (person * 5 + image * 3 + place) % (4 - place) == 0
          study.say("p\(person)", model, image: image, isTarget ? .target : .original)
        }
      }
    }
    let results = try study.score()
    let rows = try String(contentsOf: study.folder.comparisonTable, encoding: .utf8).split(
      separator: "\n")
    #expect(rows.count == 1 + 3 * 3 && rows[1].hasPrefix("fooled,a,jsma,0.25,b,jsma,0.25,"))
    #expect(rows[0] == Substring(StudyResults.comparisonColumns.joined(separator: ",")))
    let p = try #require(results.comparisons[0].bootstrapP)
    #expect(rows[1].contains(",\(p.plainDecimal),"))
  }
}
