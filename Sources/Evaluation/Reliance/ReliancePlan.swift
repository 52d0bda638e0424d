import Support

/// How the reliance of models on masked features is measured (`MaskReliance`).
public struct ReliancePlan: Configurable, Equatable {
  /// The standard deviations σ of the noise, in the unit of the data; empty for half of the width of
  /// the valid range.
  public var noise: [Double]
  /// Whether noisy values are clipped to the valid range.
  public var isClipped: Bool
  /// The share c of an example's largest gradient component above which a component is large.
  public var threshold: Double

  public init(noise: [Double] = [], isClipped: Bool = true, threshold: Double = 0.67) {
    self.noise = noise
    self.isClipped = isClipped
    self.threshold = threshold
  }

  /// The largest σ that a user may write.
  public static let largestNoise = 1e6

  public static let settings: [Setting<ReliancePlan>] = [
    Setting { plan, given in
      let meaning = "the standard deviations of the noise, in the unit of the data"
      guard given.value("noise", meaning) != nil else { return }
      plan.noise = try given.doubles("noise", in: 0...largestNoise, meaning)
    } values: { plan in
      plan.noise.map { ("noise", $0.plainDecimal) }
    },
    .bool("clipped", \.isClipped, "whether noisy values are clipped to the valid range"),
    .double(
      "threshold", \.threshold, in: 0...1,
      "share of the largest gradient component above which a component is large"),
  ]

  /// The standard deviations for data in a range.
  func sigmas(in range: ClosedRange<Double>) -> [Double] {
    noise.isEmpty ? [(range.upperBound - range.lowerBound) / 2] : noise
  }

  /// Everything that the measured numbers depend on besides model, data and seed.
  func text(in range: ClosedRange<Double>) -> String {
    "\(sigmas(in: range)) \(isClipped) \(threshold)"
  }
}
