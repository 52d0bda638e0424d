import Foundation
import Testing

@testable import HumanStudy

@Suite("The mixed logistic model")
struct MixedLogisticModelTests {
  private func cells(_ reference: MixedModelReference) -> [MixedLogisticModel.Cell] {
    reference.answers.split(whereSeparator: \.isWhitespace).map { word in
      let code = Int(word)!
      return .init(
        condition: code / 10 % 10, participant: code / 10_000, image: code / 100 % 100,
        successes: code % 10)
    }
  }

  @Test(
    "estimates equal lme4's to a thousandth, and standard errors to a hundredth",
    arguments: mixedModelReference)
  func lme4(_ reference: MixedModelReference) {
    let cells = cells(reference)
    let model = MixedLogisticModel(cells, conditions: reference.conditions)
    #expect(model.isConverged)
    for condition in 0..<reference.conditions {
      let error = model.standardError(condition)
      #expect(
        abs(model.estimates[condition] - reference.estimates[condition]) < 1e-3
          * abs(reference.estimates[condition]))
      #expect(
        abs(error - reference.standardErrors[condition]) < 1e-2
          * reference.standardErrors[condition])
    }
    #expect(
      abs(model.participantDeviation - reference.participantDeviation) < 1e-3
        * max(0.1, reference.participantDeviation)
    )
    #expect(
      abs(model.imageDeviation - reference.imageDeviation) < 1e-3
        * max(0.1, reference.imageDeviation))
    #expect(abs(model.logLikelihood - reference.logLikelihood) < 1e-4)
    let p = MixedComparison(cells, conditions: reference.conditions).p(0, 1)
    let expected = erfc((reference.logLikelihood - reference.nullLogLikelihood).squareRoot())
    #expect(abs((p ?? 1) - expected) < 1e-3 * expected)
  }

  @Test("exchanging participants and images changes neither the deviance nor the deviations")
  func symmetry() {
    let cells = cells(mixedModelReference[0])
    let swapped = cells.map { cell in
      MixedLogisticModel.Cell(
        condition: cell.condition, participant: cell.image, image: cell.participant,
        successes: cell.successes)
    }
    let (model, mirrored) = (
      MixedLogisticModel(cells, conditions: 3), MixedLogisticModel(swapped, conditions: 3)
    )
    #expect(abs(model.deviance - mirrored.deviance) < 1e-6)
    #expect(abs(model.participantDeviation - mirrored.imageDeviation) < 1e-3)
  }

  @Test("with one participant and one image the estimates are the observed log-odds")
  func plain() {
    let model = MixedLogisticModel(
      [
        .init(condition: 0, participant: 0, image: 0, trials: 40, successes: 10),
        .init(condition: 1, participant: 0, image: 0, trials: 40, successes: 30),
      ], conditions: 2)
    #expect(abs(model.estimates[0] + log(3)) < 1e-4 && abs(model.estimates[1] - log(3)) < 1e-4)
    // The standard error of the log-odds of a binomial count is √(1/yes + 1/no).
    let error = (1.0 / 10 + 1.0 / 30).squareRoot()
    #expect(abs(model.standardError(0) - error) < 1e-4)
    #expect(model.participantDeviation == 0 && model.imageDeviation == 0)
  }

  @Test(
    "a condition without a yes has no estimate, but it still has a p against other conditions")
  func separated() {
    var cells: [MixedLogisticModel.Cell] = []
    for person in 0..<12 {
      for image in 0..<10 {
        cells.append(.init(condition: 0, participant: person, image: image, successes: 0))
        cells.append(
          .init(
            condition: 1, participant: person, image: image,
            successes: (person * 7 + image) % 3 == 0 ? 1 : 0))
        cells.append(.init(condition: 2, participant: person, image: image, successes: 0))
      }
    }
    let comparison = MixedComparison(cells, conditions: 3)
    #expect(
      comparison.estimate(0) == nil && comparison.estimate(1) != nil
        && comparison.difference(0, 1) == nil)
    #expect(comparison.p(0, 1)! < 1e-6)
    #expect(comparison.p(0, 2) == 1)
  }

  @Test("with many conditions p comes from Wald's test, which also finds a clear difference")
  func wald() throws {
    let cells = cells(mixedModelReference[1])
    let ratio = try #require(MixedComparison(cells, conditions: 2).p(0, 1))
    let wald = try #require(
      MixedComparison(cells, conditions: MixedComparison.mostFits + 1).p(0, 1))
    #expect(ratio != wald && ratio < 1e-3 && wald < 1e-3 && wald > 0)
  }
}
