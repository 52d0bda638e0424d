import Foundation
import ModelCore

/// Corruptions by noise.
extension CorruptionRecipe {
  /// Gaussian noise of a standard deviation σ in every channel of every pixel: x + σ·n.
  func gaussianNoise() -> Corrupting {
    let deviation = strength(
      photographs: [0.08, 0.12, 0.18, 0.26, 0.38], small: [0.04, 0.06, 0.08, 0.09, 0.10])
    return { x, draws in x + draws.normalOfOne(x.shape) * deviation }
  }

  /// Shot noise: as if a pixel were counted with c photons at full brightness, Poisson(c·x) / c.
  func shotNoise() -> Corrupting {
    let photons = strength(
      photographs: [60, 25, 12, 5, 3], small: [500, 250, 100, 75, 50] as [Double])
    return { x, draws in
      let numbers = draws.uniformOfOne(x.shape).floats()
      let counts = zip(x.floats(), numbers).map { value, number in
        Float(Self.poisson(mean: Double(value) * photons, at: Double(number)))
      }
      return Tensor(counts, shape: x.shape) / photons
    }
  }

  /// The smallest count at which the distribution function of the Poisson distribution exceeds a
  /// uniform number in [0, 1). It has that distribution.
  ///
  /// - Parameter mean: at most about 700, so that e^(−mean) is a number above 0.
  static func poisson(mean: Double, at uniform: Double) -> Int {
    var count = 0
    var probability = exp(-mean)
    var cumulative = probability
    // Rounding may keep the sum of all probabilities below a number very near to 1.
    while cumulative <= uniform, probability > 0 || Double(count) < mean {
      count += 1
      probability *= mean / Double(count)
      cumulative += probability
    }
    return count
  }

  /// Impulse noise: a share of the values, drawn at random in every channel, becomes black or
  /// white.
  func impulseNoise() -> Corrupting {
    let share = strength(
      photographs: [0.03, 0.06, 0.09, 0.17, 0.27], small: [0.01, 0.02, 0.03, 0.05, 0.07])
    return { x, draws in
      let isHit = draws.purpose("places").uniformOfOne(x.shape).isLess(than: share)
      let colours = (draws.purpose("colours").signs(x.shape).select(0, 0) + 1) / 2
      return isHit.choose(colours, else: x)
    }
  }
}
