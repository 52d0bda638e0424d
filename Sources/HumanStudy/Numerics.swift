import Foundation

/// The lower triangle L of a symmetric matrix LLᵀ, row by row; nil if it is not positive definite.
func choleskyFactor(_ matrix: [Double], _ n: Int) -> [Double]? {
  var factor = matrix
  for column in 0..<n {
    for row in column..<n {
      var sum = factor[row * n + column]
      for k in 0..<column { sum -= factor[row * n + k] * factor[column * n + k] }
      if row == column {
        guard sum > 0, sum.isFinite else { return nil }
        factor[row * n + row] = sum.squareRoot()
      } else {
        factor[row * n + column] = sum / factor[column * n + column]
      }
    }
  }
  return factor
}

/// x of LLᵀx = right.
func solved(_ factor: [Double], _ right: [Double], _ n: Int) -> [Double] {
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

/// The inverse of a symmetric matrix; nil if it is not positive definite.
func inverse(_ matrix: [[Double]]) -> [[Double]]? {
  let n = matrix.count
  guard let factor = choleskyFactor(matrix.flatMap(\.self), n) else { return nil }
  return (0..<n).map { row in
    var unit = [Double](repeating: 0, count: n)
    unit[row] = 1
    return solved(factor, unit, n)
  }
}

/// The place where a smooth function is smallest, by the method of Broyden, Fletcher, Goldfarb and
/// Shanno with central differences.
func minimum(
  from start: [Double], iterations: Int = 200, _ function: ([Double]) -> Double
) -> (point: [Double], value: Double, isConverged: Bool) {
  let n = start.count
  func gradient(_ point: [Double]) -> [Double] {
    (0..<n).map { place in
      let width = 1e-4 * max(1, abs(point[place]))
      var (up, down) = (point, point)
      up[place] += width
      down[place] -= width
      return (function(up) - function(down)) / (2 * width)
    }
  }
  var (point, value) = (start, function(start))
  var slope = gradient(point)
  var curvature = (0..<n).map { row in (0..<n).map { $0 == row ? 0.1 : 0.0 } }
  for _ in 0..<iterations {
    if (slope.map(abs).max() ?? 0) < 1e-4 { return (point, value, true) }
    var direction = curvature.map { row in -zip(row, slope).reduce(0) { $0 + $1.0 * $1.1 } }
    var descent = zip(direction, slope).reduce(0) { $0 + $1.0 * $1.1 }
    if descent >= 0 {
      // Rounding has spoilt the curvature: begin again downhill.
      curvature = (0..<n).map { row in (0..<n).map { $0 == row ? 0.1 : 0.0 } }
      direction = slope.map { -0.1 * $0 }
      descent = zip(direction, slope).reduce(0) { $0 + $1.0 * $1.1 }
    }
    // Log-odds and their deviations do not change by more than two at once.
    let longest = direction.map(abs).max() ?? 0
    var length = longest > 2 ? 2 / longest : 1
    var next = point
    var nextValue = value
    repeat {
      next = zip(point, direction).map { $0 + length * $1 }
      nextValue = function(next)
      if nextValue <= value + 1e-4 * length * descent { break }
      length /= 2
    } while length > 1e-12
    guard nextValue < value else { return (point, value, (slope.map(abs).max() ?? 0) < 1e-2) }
    let nextSlope = gradient(next)
    let step = zip(next, point).map { $0 - $1 }
    let change = zip(nextSlope, slope).map { $0 - $1 }
    let product = zip(step, change).reduce(0) { $0 + $1.0 * $1.1 }
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

/// The matrix of second derivatives by central differences.
func secondDerivatives(at point: [Double], _ function: ([Double]) -> Double) -> [[Double]] {
  let n = point.count
  let widths = point.map { 1e-3 * max(1, abs($0)) }
  func value(_ moves: [(Int, Double)]) -> Double {
    var moved = point
    for (place, sign) in moves { moved[place] += sign * widths[place] }
    return function(moved)
  }
  let center = value([])
  var matrix = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
  for row in 0..<n {
    matrix[row][row] =
      (value([(row, 1)]) - 2 * center + value([(row, -1)])) / (widths[row] * widths[row])
    for column in 0..<row {
      let same = value([(row, 1), (column, 1)]) + value([(row, -1), (column, -1)])
      let other = value([(row, 1), (column, -1)]) + value([(row, -1), (column, 1)])
      matrix[row][column] = (same - other) / (4 * widths[row] * widths[column])
      matrix[column][row] = matrix[row][column]
    }
  }
  return matrix
}

/// The q-quantile of sorted numbers, by linear interpolation (R's type 7).
func quantile(_ sorted: [Double], _ q: Double) -> Double {
  precondition(!sorted.isEmpty)
  let place = q * Double(sorted.count - 1)
  let below = Int(place)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
}

/// The median; nil of nothing.
func median(_ numbers: [Double]) -> Double? {
  numbers.isEmpty ? nil : quantile(numbers.sorted(), 0.5)
}
