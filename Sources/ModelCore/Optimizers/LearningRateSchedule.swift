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
  /// Rises linearly from 0 to 1 over the first half of the training, and falls to 0 over the
  /// second.
  case triangle
  /// Starts at 1 and is multiplied by `factor` after every `epochs` epochs.
  case step(epochs: Int, factor: Double)

  /// Reads `constant`, `cosine`, `triangle` or `step:EPOCHS:FACTOR`.
  /// - Throws: `Failure.usage` for any other text.
  public init(named text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count) {
    case ("constant", 1): self = .constant
    case ("cosine", 1): self = .cosine
    case ("triangle", 1): self = .triangle
    case ("step", 3):
      guard let epochs = Int(parts[1]), epochs > 0, let factor = Double(parts[2]), factor > 0,
        factor.isFinite
      else {
        fallthrough
      }
      self = .step(epochs: epochs, factor: factor)
    default:
      throw Failure.usage(
        "unknown learning-rate schedule '\(text)'",
        hint: "known: constant, cosine, triangle, step:EPOCHS:FACTOR")
    }
  }

  /// The factor for a step of a training.
  /// - Parameter step: the number of the step, counted from 0.
  public func factor(step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
    let progress = Double(step) / Double(max(1, stepsPerEpoch * epochs))
    return switch self {
    case .constant: 1
    case .cosine: (1 + cos(.pi * progress)) / 2
    case .triangle: 1 - abs(2 * progress - 1)
    case .step(let every, let factor): pow(factor, Double(step / max(1, stepsPerEpoch) / every))
    }
  }

  public var description: String {
    switch self {
    case .constant: "constant"
    case .cosine: "cosine"
    case .triangle: "triangle"
    case .step(let epochs, let factor): "step:\(epochs):\(factor)"
    }
  }
}
