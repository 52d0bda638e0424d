import Foundation
import Testing

@testable import HumanStudy

@Suite("The mixed logistic model")
struct MixedLogisticModelTests {
  @Test(
    "estimates equal lme4's to a thousandth, and standard errors to a hundredth",
    arguments: mixedModelReference)
  func lme4(_ reference: MixedModelReference) {
    let cells = MixedLogisticModel.Cell.decoded(reference.answers)
    let model = MixedLogisticModel(cells, .intercepts(conditions: reference.conditions))
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
      abs(model.participants.intercept! - reference.participantDeviation) < 1e-3
        * max(0.1, reference.participantDeviation))
    #expect(
      abs(model.images.intercept! - reference.imageDeviation) < 1e-3
        * max(0.1, reference.imageDeviation))
    #expect(abs(model.logLikelihood - reference.logLikelihood) < 1e-4)
    // In the null model, conditions 0 and 1 share a coefficient.
    var null = MixedLogisticModel.Design.intercepts(conditions: reference.conditions)
    null.coefficients = (0..<reference.conditions).map { max(0, $0 - 1) }
    let nullModel = MixedLogisticModel(cells, null, hasErrors: false)
    #expect(abs(nullModel.logLikelihood - reference.nullLogLikelihood) < 1e-4)
  }

  @Test("exchanging participants and images changes neither the deviance nor the deviations")
  func symmetry() {
    let cells = MixedLogisticModel.Cell.decoded(mixedModelReference[0].answers)
    let swapped = cells.map { cell in
      MixedLogisticModel.Cell(
        condition: cell.condition, participant: cell.image, image: cell.participant,
        successes: cell.successes)
    }
    let (model, mirrored) = (
      MixedLogisticModel(cells, .intercepts(conditions: 3), hasErrors: false),
      MixedLogisticModel(swapped, .intercepts(conditions: 3), hasErrors: false)
    )
    #expect(abs(model.deviance - mirrored.deviance) < 1e-6)
    #expect(abs(model.participants.intercept! - mirrored.images.intercept!) < 1e-3)
  }

  @Test("without random effects the estimates are the observed log-odds")
  func plain() {
    let model = MixedLogisticModel(
      [
        .init(condition: 0, participant: 0, image: 0, trials: 40, successes: 10),
        .init(condition: 1, participant: 0, image: 0, trials: 40, successes: 30),
      ], .intercepts(conditions: 2, participants: .none, images: .none))
    #expect(abs(model.estimates[0] + log(3)) < 1e-4 && abs(model.estimates[1] - log(3)) < 1e-4)
    // The standard error of the log-odds of a binomial count is √(1/yes + 1/no).
    let error = (1.0 / 10 + 1.0 / 30).squareRoot()
    #expect(abs(model.standardError(0) - error) < 1e-4)
    #expect(model.participants == .init() && model.images == .init())
  }
}
