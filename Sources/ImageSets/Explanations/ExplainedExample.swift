import Datasets
import Explanations
import Foundation
import ModelCore

/// An example with what its explanations' pictures and tables say about it.
struct ExplainedExample: Sendable {
  /// The index in the data set.
  let index: Int
  let label: String
  let predicted: String
  /// The class that scores of the predicted class stand for: usually the predicted one.
  let explained: String
  /// The probability of the predicted class.
  let probability: Double
  /// The values `[C, H, W]` or `[D]`.
  let values: Tensor
  let valueRange: ClosedRange<Double>

  /// "example 12: 'dress', predicted 'shirt' (93 %)".
  var caption: String {
    let certainty = probability.isFinite ? "\(Int((probability * 100).rounded())) %" : "no number"
    return "example \(index): '\(label)', predicted '\(predicted)' (\(certainty))"
  }

  /// The example as a picture: grey for other numbers of channels than three.
  var picture: Picture {
    let width = valueRange.upperBound - valueRange.lowerBound
    let drawn = [1, 3].contains(values.shape[0]) ? values : values.mean([0], keep: true)
    return ImageSet.picture(
      ((drawn - valueRange.lowerBound) * (255 / width)).rounded.clamped(to: 0...255).to(.uint8))
  }

  /// The value of each place: the mean over the channels of each pixel, or the features of a row.
  var valuePerPlace: [Float] {
    (values.rank == 3 ? values.mean([0]) : values).floats()
  }
}

/// What the colours of an explanation mean.
struct ContributionLegend {
  /// The method, for titles.
  let method: String
  /// The explained scalar in words: "the probability of 'shirt'".
  let score: String

  init(_ named: NamedExplanation, _ example: ExplainedExample) {
    method = "\(type(of: named.method).title) (\(named.name))"
    score = named.method.scalar.words(
      label: "'\(example.label)'", explained: "'\(example.explained)'")
  }

  /// The sentence below a picture.
  var sentence: String { "Orange raises \(score), blue lowers it, white does neither." }
}
