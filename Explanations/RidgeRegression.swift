import ModelCore
import Support

/// Weighted ridge regression: the intercept β₀ and the coefficients β that minimise
///
///     Σ_i w_i (y_i − β₀ − x_i·β)² + α‖β‖²
///
/// The intercept is not penalised. The normal equations of the centred data are solved in double
/// precision by a Cholesky decomposition. If they are not positive definite, because their rounding
/// is larger than α, α becomes 10⁻¹² times their largest diagonal entry.
struct RidgeRegression {
  let intercept: Double
  let coefficients: [Double]

  /// - Parameters:
  ///   - x: float64 `[S, F]`.
  ///   - y: float64 `[S]`.
  ///   - weights: float64 `[S]`, at least 0 and not all 0.
  ///   - alpha: α, above 0.
  init(_ x: Tensor, _ y: Tensor, weights: Tensor, alpha: Double) {
    // x, centred [S, F]; y, weights [S]; middle [F]
    let total = weights.sum()
    let shares = (weights / total).reshaped([-1, 1])
    let middle = (x * shares).sum([0])
    let mean = (y.reshaped([-1, 1]) * shares).sum().scalar
    let centred = x - middle
    let weighted = centred * weights.reshaped([-1, 1])
    let products = weighted.transposed.matmul(centred)
    let targets = weighted.transposed.matmul((y - mean).reshaped([-1, 1]))
    let count = x.shape[1]
    let matrix = products.doubles()
    let places = (0..<count).map { $0 * count + $0 }
    func factor(_ alpha: Double) -> [Double]? {
      var penalised = matrix
      for place in places { penalised[place] += alpha }
      return choleskyFactor(penalised, count)
    }
    let largest = places.map { matrix[$0] }.max() ?? 0
    coefficients =
      (factor(alpha) ?? factor(max(alpha, 1e-12 * largest))).map {
        solved($0, targets.doubles(), count)
      } ?? [Double](repeating: .nan, count: count)
    intercept = mean - zip(coefficients, middle.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

extension Tensor {
  /// The elements of a float64 tensor in row-major order.
  func doubles() -> [Double] {
    contiguous.to(.cpu).rawBytes().withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
  }
}
