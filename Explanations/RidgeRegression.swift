import Foundation
import ModelCore

/// Weighted ridge regression: the intercept β₀ and the coefficients β that minimise
///
///     Σ_i w_i (y_i − β₀ − x_i·β)² + α‖β‖²
///
/// The intercept is not penalised. The normal equations of the centred data are solved in double
/// precision by a Cholesky decomposition.
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
    var matrix = products.doubles()
    for place in 0..<count { matrix[place * count + place] += alpha }
    coefficients = Self.solve(matrix, targets.doubles())
    intercept = mean - zip(coefficients, middle.doubles()).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Solves A·β = b for a symmetric positive definite matrix A `[F, F]`, given row by row.
  private static func solve(_ a: [Double], _ b: [Double]) -> [Double] {
    let count = b.count
    // A = L·Lᵀ, in place of the lower triangle.
    var l = a
    l.withUnsafeMutableBufferPointer { l in
      for row in 0..<count {
        for column in 0...row {
          var value = l[row * count + column]
          for k in 0..<column { value -= l[row * count + k] * l[column * count + k] }
          l[row * count + column] =
            row == column
            ? max(value, .leastNormalMagnitude).squareRoot() : value / l[column * count + column]
        }
      }
    }
    var solution = b
    for row in 0..<count {
      for k in 0..<row { solution[row] -= l[row * count + k] * solution[k] }
      solution[row] /= l[row * count + row]
    }
    for row in (0..<count).reversed() {
      for k in row + 1..<max(row + 1, count) { solution[row] -= l[k * count + row] * solution[k] }
      solution[row] /= l[row * count + row]
    }
    return solution
  }
}

extension Tensor {
  /// The elements of a float64 tensor in row-major order.
  func doubles() -> [Double] {
    contiguous.to(.cpu).rawBytes().withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
  }
}
