import Foundation
import Support

/// Linear equations Hx = r with the matrix of Newton's step for a mixed logistic model.
///
/// By the rows and the columns of a crossing,
///
///     H = ( A   B )    x = ( x_r )    r = ( r_r )
///         ( Bᵀ  D )        ( x_c )        ( r_c )
///
/// D has a small block for each column. With its Cholesky factor D = LLᵀ and X = L⁻¹Bᵀ, eliminating
/// the columns leaves Schur's complement S = A − XᵀX, a dense matrix. Then, with z = L⁻¹r_c,
///
///     S x_r = r_r − Xᵀz,    x_c = L⁻ᵀ(z − X x_r),    ln|H| = ln|D| + ln|S|
struct BlockSystem {
  /// One column of the crossing.
  struct Column {
    /// The places of the random effects of the rows with answers in the column, among all of them.
    private(set) var places: [Int] = []
    /// The block of D, `[b, b]`; after the elimination its factor L.
    var block: [Double]
    /// For each of the column's b effects, the entries of Bᵀ at `places`; after the elimination
    /// those of X.
    var cross: [[Double]]

    /// A column with `b` random effects and without answers: the block is the identity.
    init(_ b: Int) {
      block = (0..<b * b).map { $0 / b == $0 % b ? 1 : 0 }
      cross = [[Double]](repeating: [], count: b)
    }

    /// Begins the entries of a further row with `a` random effects.
    mutating func open(_ row: Int, _ a: Int) {
      for k in 0..<a { places.append(row * a + k) }
      for k in cross.indices { for _ in 0..<a { cross[k].append(0) } }
    }
  }

  private(set) var columns: [Column]
  /// The Cholesky factor of S, `[n, n]`, and the number n of random effects of all rows.
  private let factor: [Double]
  private let n: Int
  /// ln|H|.
  let logDeterminant: Double

  /// Eliminates the columns.
  /// - Parameters:
  ///   - columns: the blocks of D and B.
  ///   - matrix: A, `[n, n]`. Only the lower triangle is read.
  /// - Returns: nil if H is not positive definite.
  init?(_ columns: [Column], _ matrix: [Double], _ n: Int) {
    var (columns, matrix) = (columns, matrix)
    var logDeterminant = 0.0
    for place in columns.indices {
      let b = columns[place].cross.count
      guard let block = choleskyFactor(columns[place].block, b) else { return nil }
      columns[place].block = block
      for k in 0..<b {
        // Forward substitution with row k of L.
        var x = columns[place].cross[k]
        for j in 0..<k {
          let entry = block[k * b + j]
          let done = columns[place].cross[j]
          for i in x.indices { x[i] -= entry * done[i] }
        }
        for i in x.indices { x[i] /= block[k * b + k] }
        columns[place].cross[k] = x
        Self.subtract(x, columns[place].places, from: &matrix, n)
        // D = LLᵀ, so ln|D| is twice the sum of the logarithms of L's diagonal. So it is with S.
        logDeterminant += 2 * log(block[k * b + k])
      }
    }
    guard let factor = choleskyFactor(matrix, n) else { return nil }
    for k in 0..<n { logDeterminant += 2 * log(factor[k * n + k]) }
    self.columns = columns
    self.factor = factor
    self.n = n
    self.logDeterminant = logDeterminant
  }

  /// Subtracts xxᵀ from the lower triangle of a matrix, with x at the given ascending places.
  private static func subtract(
    _ x: [Double], _ places: [Int], from matrix: inout [Double], _ n: Int
  ) {
    matrix.withUnsafeMutableBufferPointer { matrix in
      x.withUnsafeBufferPointer { x in
        places.withUnsafeBufferPointer { places in
          for i in 0..<x.count {
            let (start, scale) = (places[i] * n, x[i])
            for j in 0...i { matrix[start + places[j]] -= scale * x[j] }
          }
        }
      }
    }
  }

  /// The solution x for a right side r.
  func solution(
    _ rows: [Double], _ columnRight: [Double]
  ) -> (rows: [Double], columns: [Double]) {
    var (right, z) = (rows, columnRight)
    var start = 0
    for column in columns {
      let b = column.cross.count
      for k in 0..<b {
        for j in 0..<k { z[start + k] -= column.block[k * b + j] * z[start + j] }
        z[start + k] /= column.block[k * b + k]
        let (x, scale) = (column.cross[k], z[start + k])
        for i in x.indices { right[column.places[i]] -= x[i] * scale }
      }
      start += b
    }
    let solution = solved(factor, right, n)
    start = 0
    for column in columns {
      let b = column.cross.count
      for k in 0..<b {
        let x = column.cross[k]
        for i in x.indices { z[start + k] -= x[i] * solution[column.places[i]] }
      }
      column.substituteBack {
        z[start + $0]
      } set: {
        z[start + $0] = $1
      }
      start += b
    }
    return (solution, z)
  }

  /// The inverse of S, `[n, n]`: the block of H⁻¹ that belongs to the rows.
  func inverseOfRows() -> [Double] {
    var inverse: [Double] = []
    inverse.reserveCapacity(n * n)
    var unit = [Double](repeating: 0, count: n)
    for row in 0..<n {
      unit[row] = 1
      inverse += solved(factor, unit, n)
      unit[row] = 0
    }
    return inverse
  }
}

extension BlockSystem.Column {
  /// Replaces numbers z, one for each effect of the column, by L⁻ᵀz.
  func substituteBack(_ get: (Int) -> Double, set: (Int, Double) -> Void) {
    let b = cross.count
    for k in (0..<b).reversed() {
      var sum = get(k)
      for j in k + 1..<max(b, k + 1) { sum -= block[j * b + k] * get(j) }
      set(k, sum / block[k * b + k])
    }
  }

  /// The blocks of H⁻¹ that belong to the column: with the rows at `places`, `[b][places]`, and with
  /// itself, `[b, b]`.
  ///
  /// With G = L⁻ᵀX = D⁻¹Bᵀ they are −G S⁻¹ and D⁻¹ + G S⁻¹ Gᵀ.
  /// - Parameter inverseOfRows: S⁻¹, `[n, n]`.
  func inverse(_ inverseOfRows: [Double], _ n: Int) -> (rows: [[Double]], own: [Double]) {
    let b = cross.count
    var g = cross
    for i in places.indices {
      substituteBack {
        g[$0][i]
      } set: {
        g[$0][i] = $1
      }
    }
    var rows = [[Double]](repeating: [Double](repeating: 0, count: places.count), count: b)
    inverseOfRows.withUnsafeBufferPointer { inverse in
      places.withUnsafeBufferPointer { places in
        for k in 0..<b {
          g[k].withUnsafeBufferPointer { g in
            for i in 0..<places.count {
              let start = places[i] * n
              var sum = 0.0
              for j in 0..<places.count { sum += inverse[start + places[j]] * g[j] }
              rows[k][i] = -sum
            }
          }
        }
      }
    }
    var own = [Double](repeating: 0, count: b * b)
    for k in 0..<b {
      // Column k of D⁻¹ = L⁻ᵀL⁻¹.
      var unit = [Double](repeating: 0, count: b)
      unit[k] = 1
      let column = solved(block, unit, b)
      for l in 0..<b {
        own[k * b + l] = column[l] - zip(rows[k], g[l]).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    return (rows, own)
  }
}
