/// The Cholesky factor of a symmetric positive definite matrix: the lower triangular L with
/// LLᵀ = matrix.
///
/// Column by column, L_jj = √(a_jj − Σ_k<j L_jk²) and L_ij = (a_ij − Σ_k<j L_ik L_jk) / L_jj.
/// - Parameters:
///   - matrix: `[n, n]`, row by row. Only the lower triangle is read.
///   - n: the number of rows and columns.
/// - Returns: `[n, n]` with L in the lower triangle; the entries above it have no meaning. Nil if
///   the matrix is not positive definite.
package func choleskyFactor(_ matrix: [Double], _ n: Int) -> [Double]? {
  var factor = matrix
  let isDefinite = factor.withUnsafeMutableBufferPointer { factor in
    for column in 0..<n {
      for row in column..<n {
        var sum = factor[row * n + column]
        for k in 0..<column { sum -= factor[row * n + k] * factor[column * n + k] }
        if row == column {
          guard sum > 0, sum.isFinite else { return false }
          factor[row * n + row] = sum.squareRoot()
        } else {
          factor[row * n + column] = sum / factor[column * n + column]
        }
      }
    }
    return true
  }
  return isDefinite ? factor : nil
}

/// The solution x of LLᵀx = right, by forward substitution with L and back substitution with Lᵀ.
/// - Parameters:
///   - factor: L `[n, n]`, as `choleskyFactor` returns it.
///   - right: `[n]`.
package func solved(_ factor: [Double], _ right: [Double], _ n: Int) -> [Double] {
  var x = right
  for row in 0..<n {
    for k in 0..<row { x[row] -= factor[row * n + k] * x[k] }
    x[row] /= factor[row * n + row]
  }
  for row in (0..<n).reversed() {
    for k in row + 1..<max(n, row + 1) { x[row] -= factor[k * n + row] * x[k] }
    x[row] /= factor[row * n + row]
  }
  return x
}

/// The inverse of a symmetric matrix `[n][n]`; nil if the matrix is not positive definite.
package func inverse(_ matrix: [[Double]]) -> [[Double]]? {
  let n = matrix.count
  guard let factor = choleskyFactor(matrix.flatMap(\.self), n) else { return nil }
  // Row k of the inverse is the solution for the unit vector e_k; the inverse is symmetric.
  return (0..<n).map { row in
    var unit = [Double](repeating: 0, count: n)
    unit[row] = 1
    return solved(factor, unit, n)
  }
}
