import Foundation

/// The posterior mean of a Gaussian process on the plane, with the prior mean 0 and the kernel
///
///     k(x, x̃) = exp(−½ Σᵢ (xᵢ − x̃ᵢ)² / θᵢ²)
///
/// given values of the function at some points, and, at some points, that its derivative along x₂
/// is 0. A derivative of a Gaussian process is normally distributed together with its values:
///
///     cov(f(x), ∂f(x̃)/∂x̃₂) = k(x, x̃)·(x₂ − x̃₂)/θ₂²
///     cov(∂f(x)/∂x₂, ∂f(x̃)/∂x̃₂) = k(x, x̃)·(1/θ₂² − (x₂ − x̃₂)²/θ₂⁴)
struct GaussianProcess {
  typealias Point = (Double, Double)
  /// θ₁ and θ₂.
  private let scales: Point
  private let points: [Point]
  private let flat: [Point]
  /// The weights of the covariances with the observed values, then with the derivatives.
  private var weights: [Double] = []

  /// - Parameters:
  ///   - scales: θ₁ and θ₂, the lengths over which the function changes.
  ///   - values: the function's values at `points`.
  ///   - flat: the points at which the derivative along x₂ is 0.
  init(scales: Point, _ values: [Double], at points: [Point], flatAt flat: [Point] = []) {
    (self.scales, self.points, self.flat) = (scales, points, flat)
    var covariance = points.map(row) + flat.map(derivativeRow)
    // A small variance of the observations keeps the system solvable in double precision.
    for place in covariance.indices { covariance[place][place] += 1e-9 }
    weights = solve(covariance, values + flat.map { _ in 0 })
  }

  /// The posterior mean at a point.
  func callAsFunction(_ point: Point) -> Double {
    zip(row(point), weights).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func kernel(_ a: Point, _ b: Point) -> Double {
    let (x, y) = ((a.0 - b.0) / scales.0, (a.1 - b.1) / scales.1)
    return exp(-(x * x + y * y) / 2)
  }

  /// The covariances of the value at a point with everything that is observed.
  private func row(_ point: Point) -> [Double] {
    let square = scales.1 * scales.1
    return points.map { kernel(point, $0) }
      + flat.map { kernel(point, $0) * (point.1 - $0.1) / square }
  }

  /// The covariances of the derivative along x₂ at a point with everything that is observed.
  private func derivativeRow(_ point: Point) -> [Double] {
    let square = scales.1 * scales.1
    return points.map { kernel(point, $0) * ($0.1 - point.1) / square }
      + flat.map { other in
        let distance = point.1 - other.1
        return kernel(point, other) * (1 / square - distance * distance / (square * square))
      }
  }
}
