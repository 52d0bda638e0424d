/// The gradient of Laplace's approximation of the deviance (see `LaplaceDeviance`).
///
/// At a point ψ the approximation is F(û(ψ), ψ) with F = d + ln|H|. û moves with ψ such that
/// r = ΛᵀZᵀ(y − μ) − u, half of the negative gradient of d, stays 0. So dû/dψ = H⁻¹ ∂r/∂ψ, and
///
///     dF/dψ = ∂d/∂ψ + ∂ln|H|/∂ψ + qᵀH⁻¹ ∂r/∂ψ,    q = ∂ln|H|/∂u
///
/// An answer has the log-odds η = β_c + zᵀu, where z has the loadings of its row and of its column.
/// With H = I + Σ w zzᵀ, the derivative of ln|H| is zᵀH⁻¹z with respect to the weight w = p(1 − p),
/// whose own derivative with respect to η is w(1 − 2p), and 2w·H⁻¹z with respect to z.
struct LaplaceGradient {
  /// With respect to β of each condition, `[conditions]`.
  private(set) var fixed: [Double]
  /// With respect to the loadings of rows and of columns, `[conditions, dimension]`.
  private(set) var rows: [Double]
  private(set) var columns: [Double]

  /// - Parameters:
  ///   - newton: the model at the point.
  ///   - u: û of the rows, `[rows, dimension]`.
  ///   - v: û of the columns, `[columns, dimension]`.
  /// - Returns: nil if H is not positive definite.
  init?(_ newton: LaplaceNewton, _ u: [Double], _ v: [Double]) {
    guard let system = newton.system(u, v)?.system else { return nil }
    let crossing = newton.crossing
    let (a, b) = (crossing.rowEffect.dimension, crossing.columnEffect.dimension)
    let (rowLoadings, columnLoadings) = (newton.rowLoadings, newton.columnLoadings)
    var fixed = [Double](repeating: 0, count: newton.fixed.count)
    var rows = [Double](repeating: 0, count: rowLoadings.count)
    var columns = [Double](repeating: 0, count: columnLoadings.count)
    let answers = newton.expectations(u, v)
    // First the part that needs H⁻¹z, and q.
    let inverse = system.inverseOfRows()
    var qOfRows = [Double](repeating: 0, count: u.count)
    var qOfColumns = [Double](repeating: 0, count: v.count)
    // ∂ln|H|/∂η of each cell.
    var changes: [Double] = []
    for (column, cells) in crossing.cells.enumerated() {
      let blocks = system.columns[column].inverse(inverse, u.count)
      var place = -1
      var last = -1
      for cell in cells {
        if cell.row != last { (place, last) = (place + 1, cell.row) }
        let expected = answers[changes.count]
        let (ofRow, ofColumn) = (cell.condition * a, cell.condition * b)
        var spread = 0.0
        for k in 0..<a {
          // Entry k of H⁻¹z in the part of the row.
          var sum = 0.0
          let start = (cell.row * a + k) * u.count + cell.row * a
          for l in 0..<a { sum += inverse[start + l] * rowLoadings[ofRow + l] }
          for l in 0..<b { sum += blocks.rows[l][place * a + k] * columnLoadings[ofColumn + l] }
          spread += sum * rowLoadings[ofRow + k]
          rows[ofRow + k] += 2 * expected.weight * sum
        }
        for k in 0..<b {
          var sum = 0.0
          for l in 0..<a { sum += blocks.rows[k][place * a + l] * rowLoadings[ofRow + l] }
          for l in 0..<b { sum += blocks.own[k * b + l] * columnLoadings[ofColumn + l] }
          spread += sum * columnLoadings[ofColumn + k]
          columns[ofColumn + k] += 2 * expected.weight * sum
        }
        let change = spread * expected.weight * (1 - 2 * expected.probability)
        changes.append(change)
        for k in 0..<a { qOfRows[cell.row * a + k] += change * rowLoadings[ofRow + k] }
        for k in 0..<b { qOfColumns[column * b + k] += change * columnLoadings[ofColumn + k] }
      }
    }
    // Then, with t = H⁻¹q, everything that acts through η and through r.
    let t = system.solution(qOfRows, qOfColumns)
    var number = 0
    for (column, cells) in crossing.cells.enumerated() {
      for cell in cells {
        let expected = answers[number]
        let (ofRow, ofColumn) = (cell.condition * a, cell.condition * b)
        var tau = 0.0
        for k in 0..<a { tau += rowLoadings[ofRow + k] * t.rows[cell.row * a + k] }
        for k in 0..<b { tau += columnLoadings[ofColumn + k] * t.columns[column * b + k] }
        let ofLogit = changes[number] - 2 * expected.residual - expected.weight * tau
        fixed[cell.condition] += ofLogit
        for k in 0..<a {
          let own = cell.row * a + k
          rows[ofRow + k] += ofLogit * u[own] + expected.residual * t.rows[own]
        }
        for k in 0..<b {
          let own = column * b + k
          columns[ofColumn + k] += ofLogit * v[own] + expected.residual * t.columns[own]
        }
        number += 1
      }
    }
    (self.fixed, self.rows, self.columns) = (fixed, rows, columns)
  }
}
