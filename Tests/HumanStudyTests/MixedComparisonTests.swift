import Foundation
import Testing

@testable import HumanStudy

@Suite("Comparing two conditions")
struct MixedComparisonTests {
  /// The answers of people who all see every image in both conditions.
  private func cells(
    people: Int, images: Int, _ isYes: (_ person: Int, _ image: Int, _ condition: Int) -> Bool
  ) -> [MixedLogisticModel.Cell] {
    (0..<people).flatMap { person in
      (0..<images).flatMap { image in
        (0..<2).map { condition in
          .init(
            condition: condition, participant: person, image: image,
            successes: isYes(person, image, condition) ? 1 : 0)
        }
      }
    }
  }

  @Test("a difference that a few people make is not taken for one of the condition")
  func fewPeople() throws {
    // Three of ten people say yes to every picture of the second condition, the others do as in
    // the first.
    let cells = cells(people: 10, images: 8) { person, image, condition in
      condition == 1 && person < 3 || (person * 3 + image * 5 + condition) % 4 == 0
    }
    let (with, without) = (MixedComparison(cells), MixedComparison(cells, hasSlopes: false))
    #expect(try #require(without.p) < 0.01)
    #expect(try #require(with.p) > 0.05)
    #expect(try #require(with.model?.participants.slope) > 1)
    #expect(
      with.notes.first
        == "The fit is singular: the estimated standard deviation is 0 for the effect of the "
        + "condition among images and for the intercepts of images.")
  }

  @Test("a difference that a few pictures make is not taken for one of the condition")
  func fewPictures() throws {
    let cells = cells(people: 8, images: 10) { person, image, condition in
      condition == 1 && image < 3 || (person * 3 + image * 5 + condition) % 4 == 0
    }
    let (with, without) = (MixedComparison(cells), MixedComparison(cells, hasSlopes: false))
    #expect(try #require(without.p) < 0.01)
    #expect(try #require(with.p) > 0.05)
    #expect(try #require(with.model?.images.slope) > 1)
  }

  @Test("a condition without a yes has no estimate, but it still has a p against another one")
  func separated() throws {
    let cells = cells(people: 12, images: 10) { person, image, condition in
      condition == 1 && (person * 7 + image) % 3 == 0
    }
    let comparison = MixedComparison(cells)
    #expect(comparison.model == nil && comparison.difference == nil)
    #expect(try #require(comparison.p) < 0.001)
    #expect(
      comparison.notes == [
        "There is no estimate of the log-odds, because all answers in a condition are equal."
      ])
    let equal = MixedComparison(cells.filter { $0.condition == 0 || $0.successes == 0 })
    #expect(equal.p == 1)
  }

  @Test("a standard deviation that the answers do not bound stays at the limit, and a note says so")
  func endless() throws {
    // One of six people says yes to everything, the others to nothing but a few pictures.
    let comparison = MixedComparison(
      cells(people: 6, images: 6) { person, image, condition in
        person == 0 || person == 1 && image == 0 && condition == 0
      })
    let people = try #require(comparison.fitted?.participants.intercept)
    #expect(people > 4.5 && people <= LaplaceDeviance.limit)
    #expect(try #require(comparison.p) > 0.1)
    #expect(
      comparison.notes.contains {
        $0.hasPrefix("The answers do not bound how large the standard deviation is for")
      })
  }

  @Test("effects that the answers do not identify are left out, with the reason")
  func leftOut() {
    let one = IdentifiedEffects(
      cells(people: 1, images: 6) { _, _, _ in true }, hasSlopes: true)
    #expect(one.participants == .none && one.images == .intercept)
    #expect(
      one.leftOut == [
        "The mixed model leaves out that people differ, because all answers are from one person.",
        "The mixed model leaves out that the effect of the condition differs between images, "
          + "because fewer than two images got at least two answers in each condition.",
      ])
    let picture = IdentifiedEffects(
      cells(people: 6, images: 1) { _, _, _ in true }, hasSlopes: true)
    #expect(picture.participants == .intercept && picture.images == .none)
    #expect(picture.leftOut.count == 2)
    let usual = IdentifiedEffects(
      cells(people: 3, images: 3) { _, _, _ in true }, hasSlopes: true)
    #expect(usual.participants == .correlatedSlope && usual.images == .slope)
    #expect(usual.leftOut.isEmpty)
  }

  @Test("if each image is shown in one condition, its intercept stands for the picture as well")
  func disjoint() {
    let all = cells(people: 4, images: 8) { person, image, _ in (person + image) % 3 == 0 }
    let effects = IdentifiedEffects(
      all.filter { $0.image % 2 == $0.condition }, hasSlopes: true)
    #expect(effects.participants == .correlatedSlope && effects.images == .intercept)
    #expect(effects.leftOut.isEmpty)
  }

  @Test("one person, or one image, still gives a comparison with finite numbers")
  func degenerate() throws {
    for (people, images) in [(1, 20), (20, 1), (1, 1), (2, 2)] {
      let comparison = MixedComparison(
        cells(people: people, images: images) { person, image, condition in
          (person + image + condition) % 2 == 0
        })
      if let p = comparison.p { #expect(p.isFinite && (0...1).contains(p)) }
      if let difference = comparison.difference { #expect(difference.logOdds.isFinite) }
    }
  }
}
