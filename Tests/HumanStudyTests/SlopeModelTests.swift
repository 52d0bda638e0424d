import Foundation
import Testing

@testable import HumanStudy

@Suite("The mixed logistic model with slopes")
struct SlopeModelTests {
  private func effect(_ spread: [Double?]) -> RandomEffect {
    spread[1] == nil ? .intercept : spread[2] == nil ? .slope : .correlatedSlope
  }

  private func design(
    _ reference: SlopeModelReference, _ coefficients: [Int]
  ) -> MixedLogisticModel.Design {
    .init(
      coefficients: coefficients, contrasts: [-0.5, 0.5],
      participants: effect(reference.participants), images: effect(reference.images))
  }

  @Test(
    "estimates equal lme4's to a thousandth, and standard errors to a hundredth",
    arguments: slopeModelReference)
  func lme4(_ reference: SlopeModelReference) {
    let cells = MixedLogisticModel.Cell.decoded(reference.answers)
    let model = MixedLogisticModel(cells, design(reference, [0, 1]))
    #expect(model.isConverged)
    for place in 0..<2 {
      let (estimate, error) = (reference.estimates[place], reference.standardErrors[place])
      #expect(abs(model.estimates[place] - estimate) < 1e-3 * abs(estimate))
      #expect(abs(model.standardError(place) - error) < 1e-2 * error)
    }
    for (spread, expected) in [
      (model.participants, reference.participants), (model.images, reference.images),
    ] {
      for (found, wanted) in zip([spread.intercept, spread.slope, spread.correlation], expected) {
        #expect((found == nil) == (wanted == nil))
        #expect(abs((found ?? 0) - (wanted ?? 0)) < 1e-3)
      }
    }
    #expect(abs(model.logLikelihood - reference.logLikelihood) < 1e-4)
    let null = MixedLogisticModel(cells, design(reference, [0, 0]), hasErrors: false)
    #expect(abs(null.logLikelihood - reference.nullLogLikelihood) < 1e-4)
  }

  @Test("the comparison's p is that of the likelihood ratio of lme4's models")
  func p() throws {
    let reference = slopeModelReference[0]
    let comparison = MixedComparison(MixedLogisticModel.Cell.decoded(reference.answers))
    let expected = erfc((reference.logLikelihood - reference.nullLogLikelihood).squareRoot())
    #expect(abs(try #require(comparison.p) - expected) < 1e-3 * expected)
    #expect(comparison.effects.leftOut.isEmpty && comparison.notes.isEmpty)
    let difference = try #require(comparison.difference)
    #expect(
      abs(difference.logOdds - (reference.estimates[1] - reference.estimates[0])) < 1e-3)
  }

  @Test("a model with slopes of 0 has the deviance of the model with intercepts")
  func nested() {
    let cells = MixedLogisticModel.Cell.decoded(slopeModelReference[1].answers)
    let slopes = LaplaceDeviance(cells, design(slopeModelReference[1], [0, 1]))
    let intercepts = LaplaceDeviance(cells, .intercepts(conditions: 2))
    let (with, without) = (
      slopes.value([-1, 0.2, 0.8, 0, 0.6, 0]), intercepts.value([-1, 0.2, 0.8, 0.6])
    )
    #expect(abs(with - without) < 1e-8)
  }
  @Test(
    "the gradient equals central differences of the deviance",
    arguments: [
      (RandomEffect.correlatedSlope, RandomEffect.slope), (.none, .slope), (.slope, .none),
      (.intercept, .correlatedSlope),
    ])
  func gradient(_ participants: RandomEffect, _ images: RandomEffect) throws {
    let deviance = LaplaceDeviance(
      MixedLogisticModel.Cell.decoded(slopeModelReference[2].answers),
      .init(
        coefficients: [0, 1], contrasts: [-0.5, 0.5], participants: participants, images: images))
    let point =
      [-0.6, 0.4] + [0.9, 0.8, 0.3].prefix(participants.parameterCount)
      + [0.5, 1.1, 0.2].prefix(images.parameterCount)
    let gradient = try #require(deviance.gradient(point))
    #expect(gradient.count == point.count)
    for place in point.indices {
      var (up, down) = (point, point)
      up[place] += 1e-4
      down[place] -= 1e-4
      let difference = (deviance.value(up) - deviance.value(down)) / 2e-4
      #expect(abs(gradient[place] - difference) < 2e-3, "coordinate \(place)")
    }
  }
}
