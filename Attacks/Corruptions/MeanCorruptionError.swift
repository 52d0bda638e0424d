/// The mean corruption error (mCE) of a model, relative to a baseline.
///
/// For a kind c of corruption, the errors E of the model at all severities s are added up and
/// divided by those of a baseline model; the mCE is the mean over the kinds:
///
///     CE_c = Σ_s E_{s,c} / Σ_s E⁰_{s,c}          mCE = mean over c of CE_c
///
/// It weights hard and easy corruptions alike. The publication multiplies it by 100 and takes
/// AlexNet as the baseline. Source: D. Hendrycks and T. Dietterich (2019).
public enum MeanCorruptionError {
  /// The corruption error of one kind.
  /// - Parameters:
  ///   - errors: the share of wrong predictions at each severity, from 0 to 1.
  ///   - baseline: the same for the baseline model, at the same severities.
  /// - Returns: 1 if the model errs as often as the baseline; nil if the baseline does not err, or if
  ///   there are no errors to compare.
  public static func corruptionError(_ errors: [Double], baseline: [Double]) -> Double? {
    let total = baseline.reduce(0, +)
    guard errors.count == baseline.count, total > 0 else { return nil }
    return errors.reduce(0, +) / total
  }

  /// The mean over the kinds.
  /// - Parameters:
  ///   - errors: the shares of wrong predictions by kind, one for each severity.
  ///   - baseline: the same for the baseline model, with the same kinds and severities.
  /// - Returns: nil if the kinds differ, if there are none, or if the baseline does not err in one of
  ///   them.
  public static func mean(
    _ errors: [CorruptionKind: [Double]], baseline: [CorruptionKind: [Double]]
  ) -> Double? {
    guard !errors.isEmpty, Set(errors.keys) == Set(baseline.keys) else { return nil }
    var sum = 0.0
    for kind in CorruptionKind.allCases {
      guard let own = errors[kind], let other = baseline[kind] else { continue }
      guard let error = corruptionError(own, baseline: other) else { return nil }
      sum += error
    }
    return sum / Double(errors.count)
  }
}
