import Foundation
import Support

/// How the learning rate changes during a training: a factor by which it is multiplied in each
/// step.
public enum LearningRateSchedule: Sendable, Equatable, CustomStringConvertible {
  /// Always 1.
  case constant
  /// Falls from 1 to 0 over the whole training along half a cosine wave: (1 + cos(π·progress)) / 2.
  /// Loshchilov & Hutter, 2017.
  case cosine
  /// Rises linearly from 0 to 1 over the share `peak` of the training, and falls linearly to 0 over
  /// the rest. L. Smith, 2017; E. Wong, L. Rice and J. Z. Kolter (2020) use 0.4.
  case triangle(peak: Double = 0.5)
  /// Starts at 1 and is multiplied by `factor` after every `epochs` epochs.
  case step(epochs: Int, factor: Double)

  /// Reads `constant`, `cosine`, `triangle`, `triangle:PEAK` or `step:EPOCHS:FACTOR`.
  /// - Throws: `Failure.usage` for any other text.
  public init(named text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count) {
    case ("constant", 1): self = .constant
    case ("cosine", 1): self = .cosine
    case ("triangle", 1): self = .triangle()
    case ("triangle", 2):
      guard let peak = Double(parts[1]), peak > 0, peak < 1 else { throw Self.unknown(text) }
      self = .triangle(peak: peak)
    case ("step", 3):
      guard let epochs = Int(parts[1]), epochs > 0, let factor = Double(parts[2]), factor > 0,
        factor.isFinite
      else { throw Self.unknown(text) }
      self = .step(epochs: epochs, factor: factor)
    default: throw Self.unknown(text)
    }
  }

  private static func unknown(_ text: String) -> Failure {
    .usage(
      "unknown learning-rate schedule '\(text)'",
      hint: "known: constant, cosine, triangle, triangle:PEAK with a PEAK between 0 and 1, "
        + "step:EPOCHS:FACTOR")
  }

  /// The factor for a step of a training.
  /// - Parameter step: the number of the step, counted from 0.
  public func factor(step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
    let progress = Double(step) / Double(max(1, stepsPerEpoch * epochs))
    return switch self {
    case .constant: 1
    case .cosine: (1 + cos(.pi * progress)) / 2
    case .triangle(let peak):
      progress < peak ? progress / peak : (1 - progress) / (1 - peak)
    case .step(let every, let factor): pow(factor, Double(step / max(1, stepsPerEpoch) / every))
    }
  }

  public var description: String {
    switch self {
    case .constant: "constant"
    case .cosine: "cosine"
    case .triangle(0.5): "triangle"
    case .triangle(let peak): "triangle:\(peak)"
    case .step(let epochs, let factor): "step:\(epochs):\(factor)"
    }
  }
}
