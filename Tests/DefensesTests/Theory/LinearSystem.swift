/// The solution x of the linear system A·x = b, by Gaussian elimination with pivoting.
/// - Parameters:
///   - matrix: A, `[n][n]`.
///   - right: b, `[n]`.
/// - Precondition: A is not singular.
func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
  let count = right.count
  // rows: A and b beside each other, `[n][n + 1]`
  var rows = zip(matrix, right).map { $0 + [$1] }
  for column in 0..<count {
    let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
    precondition(rows[pivot][column] != 0, "the matrix is singular")
    rows.swapAt(column, pivot)
    let top = rows[column]
    for row in (column + 1)..<max(count, column + 1) {
      let factor = rows[row][column] / top[column]
      guard factor != 0 else { continue }
      for place in column...count { rows[row][place] -= factor * top[place] }
    }
  }
  var solution = [Double](repeating: 0, count: count)
  for row in (0..<count).reversed() {
    let known = ((row + 1)..<count).reduce(0) { $0 + rows[row][$1] * solution[$1] }
    solution[row] = (rows[row][count] - known) / rows[row][row]
  }
  return solution
}
