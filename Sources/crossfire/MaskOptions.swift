import ArgumentParser
import Datasets
import Evaluation
import Support

/// The options that say how the reliance of models on masked features is measured.
struct MaskOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "With masks: the standard deviations of the noise, in the unit of the data. (default: half of "
        + "the width of the valid range)", valueName: "sigma"))
  var noise: [Number] = []

  @Flag(help: "With masks: leave noisy values outside of the valid range as they are.")
  var unclipped = false

  /// How to measure.
  /// - Throws: `Failure.usage` if a number is out of range.
  func plan() throws -> ReliancePlan {
    ReliancePlan(
      noise: try noise.separated.map {
        try $0.real("--noise", in: 0...ReliancePlan.largestNoise)
      }, isClipped: !unclipped)
  }

  /// Refuses the options for data without masks.
  func check(_ images: LabelledImages) throws {
    guard !noise.isEmpty || unclipped, !images.hasMasks else { return }
    throw Failure.usage(
      "\(noise.isEmpty ? "--unclipped" : "--noise"): \(images.name) has no masks",
      hint: "use data with masks, or leave out the option")
  }
}
