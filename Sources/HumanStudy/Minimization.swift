import Foundation

/// Finds a local minimum of a smooth function by the quasi-Newton method of Broyden, Fletcher,
/// Goldfarb and Shanno (BFGS).
///
/// With the gradient g and an approximation C of the inverse of the matrix of second derivatives,
/// each step goes along −Cg. Its length is halved until the function decreases enough (Armijo's
/// condition). With the step s and the change y of the gradient, C is then updated so that Cy = s:
///
///     C ← C + (1 + yᵀCy / sᵀy) ssᵀ / sᵀy − (s(Cy)ᵀ + (Cy)sᵀ) / sᵀy
///
/// Source: J. Nocedal, S. Wright, "Numerical Optimization" (2006), chapters 3 and 6.
/// - Parameters:
///   - start: `[n]`, where the search starts. Coordinates are expected to be of the order of 1.
///   - iterations: the largest number of steps.
///   - function: the function; infinity where it has no value.
///   - gradient: its gradient `[n]`; nil where it has none.
/// - Returns: the point `[n]`, the value there, and whether the gradient became as small as wanted.
func minimum(
  from start: [Double], iterations: Int = 200, _ function: ([Double]) -> Double,
  gradient: ([Double]) -> [Double]?
) -> (point: [Double], value: Double, isConverged: Bool) {
  let n = start.count
  var (point, value) = (start, function(start))
  guard var slope = gradient(point) else { return (point, value, false) }
  // `curvature` is C. It starts as a multiple of the identity, that is, with steepest descent.
  var curvature = (0..<n).map { row in (0..<n).map { $0 == row ? 0.1 : 0.0 } }
  for _ in 0..<iterations {
    if (slope.map(abs).max() ?? 0) < 1e-4 { return (point, value, true) }
    var direction = curvature.map { row in -zip(row, slope).reduce(0) { $0 + $1.0 * $1.1 } }
    var descent = zip(direction, slope).reduce(0) { $0 + $1.0 * $1.1 }
    if descent >= 0 {
      // Rounding has made C indefinite, so that the direction goes uphill. Start again with
      // steepest descent.
      curvature = (0..<n).map { row in (0..<n).map { $0 == row ? 0.1 : 0.0 } }
      direction = slope.map { -0.1 * $0 }
      descent = zip(direction, slope).reduce(0) { $0 + $1.0 * $1.1 }
    }
    // Coordinates are log-odds and their standard deviations. One step changes none of them by more
    // than 2, so that the first steps, taken with a poor C, do not leave the plausible range.
    let longest = direction.map(abs).max() ?? 0
    var length = longest > 2 ? 2 / longest : 1
    var next = point
    var nextValue = value
    repeat {
      next = zip(point, direction).map { $0 + length * $1 }
      nextValue = function(next)
      // Armijo: the decrease is at least a ten-thousandth of what the gradient promises.
      if nextValue <= value + 1e-4 * length * descent { break }
      length /= 2
    } while length > 1e-12
    // If rounding hides every decrease, no better approximation of the minimum can be found.
    guard nextValue < value else { return (point, value, (slope.map(abs).max() ?? 0) < 1e-2) }
    guard let nextSlope = gradient(next) else { return (next, nextValue, false) }
    let step = zip(next, point).map { $0 - $1 }
    let change = zip(nextSlope, slope).map { $0 - $1 }
    let product = zip(step, change).reduce(0) { $0 + $1.0 * $1.1 }
    // sᵀy > 0 keeps C positive definite. Where it does not hold, C stays as it is.
    if product > 1e-12 {
      let carried = curvature.map { row in zip(row, change).reduce(0) { $0 + $1.0 * $1.1 } }
      let factor = 1 + zip(change, carried).reduce(0) { $0 + $1.0 * $1.1 } / product
      for row in 0..<n {
        for column in 0..<n {
          let mixed = step[row] * carried[column] + carried[row] * step[column]
          curvature[row][column] += (factor * step[row] * step[column] - mixed) / product
        }
      }
    }
    (point, value, slope) = (next, nextValue, nextSlope)
  }
  return (point, value, false)
}

/// The matrix of second derivatives of a function at a point, by central differences of its
/// gradient.
///
/// With a width h for each coordinate, row k is (g(+h) − g(−h)) / 2h, with coordinate k of the point
/// moved. The error is of the order of h². The matrix and its transpose are averaged.
/// - Parameters:
///   - point: `[n]`.
///   - gradient: the gradient `[n]`; nil where there is none.
/// - Returns: `[n][n]`, symmetric; nil if the gradient is missing.
func secondDerivatives(
  at point: [Double], gradient: ([Double]) -> [Double]?
) -> [[Double]]? {
  var rows: [[Double]] = []
  for place in point.indices {
    let width = 1e-4 * max(1, abs(point[place]))
    var (up, down) = (point, point)
    up[place] += width
    down[place] -= width
    guard let above = gradient(up), let below = gradient(down) else { return nil }
    rows.append(zip(above, below).map { ($0 - $1) / (2 * width) })
  }
  return rows.indices.map { row in rows.indices.map { (rows[row][$0] + rows[$0][row]) / 2 } }
}
