import Evaluation
import Support

extension ReportPage {
  /// The section on masked features; nil if the data have no masks.
  var reliance: Section? {
    guard let models = grid.reliance, let first = models.first else { return nil }
    let rows = models.flatMap { model in
      model.noises.map { noise in
        [
          model.model, budgetText(noise.sigma),
          "\(percent(model.accuracy)) (\(percent(model.interval(model.correct))))",
          "\(percent(noise.inside)) (\(percent(model.interval(noise.correctInside))))",
          signed(noise.insideDrop),
          "\(percent(noise.outside)) (\(percent(model.interval(noise.correctOutside))))",
          signed(noise.outsideDrop), hundredthsText(noise.coreSensitivity),
          model.largeShare.map(percent) ?? "",
          model.topMarked.map(hundredthsText) ?? "",
        ]
      }
    }
    let title = "Accuracy with noise inside and outside of the masks"
    let explanation = """
      Of the \(first.images) images with a mask, which marks features that must not matter. The noise \
      is Gaussian with the standard deviation σ, \
      \(first.clipped ? "clipped to" : "not clipped to") the valid range of the data. A model that \
      ignores the marked features loses nothing with noise inside. A drop is relative to the accuracy \
      on the unchanged images. RCS, the relative core sensitivity, is 1 for a model that relies on \
      unmarked features alone and −1 for one that relies on marked features alone. “Large gradients \
      inside” is the share of the components of ∇ Σ log p larger than \
      \(first.threshold.plainDecimal) of the largest one that lie in the mask; the masks cover \
      \(percent(first.maskedShare))% of all features. “Top \(first.topCount)” is the mean number of \
      marked features among the \(first.topCount) with the largest gradients. Accuracies are in %, \
      with 95% intervals.
      """
    return Section(
      id: "reliance", heading: "Reliance on masked features",
      content: [
        Markup("p", [:], explanation),
        table(
          title,
          header: [
            "Model", "σ", "Unchanged", "Noise inside", "Drop", "Noise outside", "Drop", "RCS",
            "Large gradients inside", "Top \(first.topCount)",
          ], rows),
      ])
  }

  /// A fraction in percent that may be negative; empty if there is none.
  private func signed(_ share: Double?) -> String {
    share.map { ($0 < 0 ? "−" : "") + percent(abs($0)) } ?? ""
  }

  private func hundredthsText(_ number: Double) -> String {
    (number < 0 ? "−" : "") + ((abs(number) * 100).rounded() / 100).plainDecimal
  }
}
