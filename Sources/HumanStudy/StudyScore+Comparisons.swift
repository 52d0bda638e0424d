import Evaluation
import Foundation
import Support

/// Whether two conditions differ, and the mixed models that say so.
extension StudyScore {
  /// The comparisons of all pairs of conditions in one measure.
  /// - Parameters:
  ///   - samples: the bootstrap's sample of each pair's difference.
  ///   - done: called after each comparison.
  func comparisons(
    _ measure: Measure, _ counted: CountedAnswers, _ samples: [BootstrapSample?], done: () -> Void
  ) -> [StudyResults.Comparison] {
    zip(Self.pairs(conditions.count), samples).map { pair, sample in
      defer { done() }
      let (a, b) = (counted.counts(measure, pair.0), counted.counts(measure, pair.1))
      let shares = [a, b].map { Double($0.yes) / Double($0.yes + $0.no) }
      let cells = counted.cells(measure, [pair.0, pair.1])
      let mixed = MixedComparison(cells)
      let difference = mixed.difference
      let varying = sample.flatMap { $0.varies ? $0 : nil }
      return StudyResults.Comparison(
        measure: measure.rawValue, first: conditions[pair.0], second: conditions[pair.1],
        difference: shares[1] - shares[0], bootstrap: varying?.interval,
        logOdds: difference?.logOdds, standardError: difference?.standardError, mixedP: mixed.p,
        fisherP: fisherExactTest((a.yes, a.no), (b.yes, b.no)), bootstrapP: varying?.pOfZero,
        interceptP: MixedComparison(cells, hasSlopes: false, hasErrors: false).p,
        participants: mixed.fitted?.participants, images: mixed.fitted?.images, notes: mixed.notes)
    }
  }

  /// The mixed model of all conditions, in which participants and images differ in their intercepts
  /// only; nil if all answers of every condition are equal.
  func mixedModel(
    _ measure: Measure, _ counted: CountedAnswers
  ) -> StudyResults.MixedModelResult? {
    // A condition in which all answers are equal has no estimate and does not influence the others
    // (see `MixedComparison`).
    let mixed = conditions.indices.filter { MixedComparison.isMixed(counted.cells(measure, [$0])) }
    guard !mixed.isEmpty else { return nil }
    let cells = counted.cells(measure, mixed)
    let effects = IdentifiedEffects(cells, hasSlopes: false)
    let model = MixedLogisticModel(
      cells,
      .intercepts(
        conditions: mixed.count, participants: effects.participants, images: effects.images))
    return StudyResults.MixedModelResult(
      measure: measure.rawValue,
      coefficients: conditions.indices.map { number in
        let place = mixed.firstIndex(of: number)
        let error = place.map(model.standardError)
        return .init(
          condition: conditions[number], logOdds: place.map { model.estimates[$0] },
          standardError: error.flatMap { $0.isFinite ? $0 : nil })
      },
      participantDeviation: model.participants.intercept ?? 0,
      imageDeviation: model.images.intercept ?? 0, logLikelihood: model.logLikelihood,
      isConverged: model.isConverged)
  }
}

extension MixedComparison {
  /// What a reader should know about the fit, in sentences: which effects are left out of the model
  /// and why, which standard deviations are 0, and why there is no p.
  var notes: [String] {
    var notes = effects.leftOut
    if model == nil {
      notes.append(
        "There is no estimate of the log-odds, because all answers in a condition are equal.")
    }
    if let model = fitted {
      let (people, images) = (model.participants, model.images)
      let zero = people.names("people") { $0 < 1e-3 } + images.names("images") { $0 < 1e-3 }
      if !zero.isEmpty {
        notes.append(
          "The fit is singular: the estimated standard deviation is 0 for "
            + zero.joined(separator: " and for ") + ".")
      }
      let limit = LaplaceDeviance.limit
      let large =
        people.names("people") { $0 > 0.95 * limit } + images.names("images") { $0 > 0.95 * limit }
      if !large.isEmpty {
        notes.append(
          "The answers do not bound how large the standard deviation is for "
            + "\(large.joined(separator: " and for ")). The fit limits it to about \(Int(limit)).")
      }
      if let correlation = model.participants.correlation, abs(correlation) > 0.999 {
        notes.append(
          "The fit is singular: the estimated correlation is \(correlation > 0 ? "1" : "−1") between "
            + "how readily people say yes and how much the condition changes that.")
      }
    }
    if p == nil {
      notes.append(
        "There is no p of the mixed model, because a fit did not converge. See the p of the bootstrap."
      )
    }
    return notes
  }
}

extension MixedLogisticModel.Spread {
  /// The names of the effects whose standard deviation has a property.
  /// - Parameter levels: the word for the levels, such as "people".
  fileprivate func names(_ levels: String, where has: (Double) -> Bool) -> [String] {
    let parts = [(slope, "the effect of the condition among"), (intercept, "the intercepts of")]
    return parts.compactMap { deviation, words in
      deviation.map(has) == true ? "\(words) \(levels)" : nil
    }
  }
}
