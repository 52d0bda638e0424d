import Foundation

/// The penalized deviance d of a mixed logistic model with given parameters, and Newton's steps
/// towards its minimum (see `LaplaceDeviance`).
struct LaplaceNewton {
  let crossing: Crossing
  /// β of each condition, `[conditions]`.
  let fixed: [Double]
  /// What each random effect of a row, and of a column, adds to the log-odds of each condition:
  /// `[conditions, dimension]`.
  let rowLoadings: [Double]
  let columnLoadings: [Double]

  init(
    _ crossing: Crossing, fixed: [Double], _ rowLoadings: [Double], _ columnLoadings: [Double]
  ) {
    self.crossing = crossing
    self.fixed = fixed
    self.rowLoadings = rowLoadings
    self.columnLoadings = columnLoadings
  }

  /// d(u, v) = −2 Σ ln P(y | u, v) + ‖u‖² + ‖v‖².
  ///
  /// With the log-odds η of a cell, ln P(yes) = η − ln(1 + e^η) and ln P(no) = −ln(1 + e^η), so a
  /// cell adds successes·η − trials·ln(1 + e^η) to the log-likelihood.
  /// - Parameters:
  ///   - u: the standard normal numbers of the rows, `[rows, dimension]`.
  ///   - v: the standard normal numbers of the columns, `[columns, dimension]`.
  func penalized(_ u: [Double], _ v: [Double]) -> Double {
    let (ofRows, ofColumns) = effects(u, v)
    let conditions = fixed.count
    var sum = 0.0
    for (column, cells) in crossing.cells.enumerated() {
      for cell in cells {
        let logit =
          ofRows[cell.row * conditions + cell.condition]
          + ofColumns[column * conditions + cell.condition]
        // ln(1 + e^η) without overflow.
        let soft = max(logit, 0) + log1p(exp(-abs(logit)))
        sum += cell.successes * logit - cell.trials * soft
      }
    }
    return -2 * sum + u.reduce(0) { $0 + $1 * $1 } + v.reduce(0) { $0 + $1 * $1 }
  }

  /// What rows and columns add to the log-odds of each condition; β is in the part of the columns.
  /// - Returns: `[rows, conditions]` and `[columns, conditions]`.
  private func effects(_ u: [Double], _ v: [Double]) -> (rows: [Double], columns: [Double]) {
    func products(
      _ numbers: [Double], _ loadings: [Double], _ dimension: Int, _ levels: Int, _ start: [Double]
    ) -> [Double] {
      var sums: [Double] = []
      sums.reserveCapacity(levels * start.count)
      for level in 0..<levels {
        for condition in start.indices {
          var sum = start[condition]
          for k in 0..<dimension {
            sum += loadings[condition * dimension + k] * numbers[level * dimension + k]
          }
          sums.append(sum)
        }
      }
      return sums
    }
    let zeros = [Double](repeating: 0, count: fixed.count)
    return (
      products(u, rowLoadings, crossing.rowEffect.dimension, crossing.rows, zeros),
      products(v, columnLoadings, crossing.columnEffect.dimension, crossing.columns, fixed)
    )
  }

  /// What the model expects of a cell at (u, v).
  struct Expectation {
    /// p, the probability of "yes".
    let probability: Double
    /// y − μ: the number of "yes" minus the expected one, μ = trials·p.
    let residual: Double
    /// The variance of the number of "yes", trials·p(1 − p).
    let weight: Double
  }

  /// The expectations of all cells, in the order of the crossing.
  func expectations(_ u: [Double], _ v: [Double]) -> [Expectation] {
    let values = effects(u, v)
    let conditions = fixed.count
    return crossing.cells.enumerated().flatMap { column, cells in
      cells.map { cell in
        let logit =
          values.rows[cell.row * conditions + cell.condition]
          + values.columns[column * conditions + cell.condition]
        let probability = 1 / (1 + exp(-logit))
        return Expectation(
          probability: probability, residual: cell.successes - cell.trials * probability,
          weight: cell.trials * probability * (1 - probability))
      }
    }
  }

  /// The equations Hδ = r of Newton's step δ at (u, v); nil if H is not positive definite to
  /// rounding.
  ///
  /// Half of the gradient of d is u − ΛᵀZᵀ(y − μ), so r = ΛᵀZᵀ(y − μ) − u.
  /// - Returns: the equations, and r of rows and of columns.
  func system(
    _ u: [Double], _ v: [Double]
  ) -> (system: BlockSystem, rows: [Double], columns: [Double])? {
    let (a, b) = (crossing.rowEffect.dimension, crossing.columnEffect.dimension)
    let n = u.count
    var matrix = [Double](repeating: 0, count: n * n)
    for k in 0..<n { matrix[k * n + k] = 1 }
    var (rows, columns) = (u.map { -$0 }, v.map { -$0 })
    var blocks: [BlockSystem.Column] = []
    blocks.reserveCapacity(crossing.columns)
    let answers = expectations(u, v)
    var number = 0
    for (column, cells) in crossing.cells.enumerated() {
      var block = BlockSystem.Column(b)
      var last = -1
      for cell in cells {
        let expected = answers[number]
        number += 1
        let (ofRow, ofColumn) = (cell.condition * a, cell.condition * b)
        if cell.row != last { block.open(cell.row, a) }
        last = cell.row
        let place = block.places.count - a
        for k in 0..<b {
          let load = columnLoadings[ofColumn + k]
          columns[column * b + k] += load * expected.residual
          let weighted = load * expected.weight
          for l in 0..<b { block.block[k * b + l] += weighted * columnLoadings[ofColumn + l] }
          for l in 0..<a { block.cross[k][place + l] += weighted * rowLoadings[ofRow + l] }
        }
        for k in 0..<a {
          let load = rowLoadings[ofRow + k]
          let own = cell.row * a
          rows[own + k] += load * expected.residual
          let start = (own + k) * n + own
          for l in 0...k { matrix[start + l] += load * expected.weight * rowLoadings[ofRow + l] }
        }
      }
      blocks.append(block)
    }
    return BlockSystem(blocks, matrix, n).map { ($0, rows, columns) }
  }
}
