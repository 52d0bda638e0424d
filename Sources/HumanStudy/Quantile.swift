/// The q-quantile of numbers, by linear interpolation between neighbours (R's type 7).
///
/// In the sorted list of n numbers it lies at the place q·(n − 1), counted from 0.
/// - Parameters:
///   - sorted: numbers in ascending order, at least one.
///   - q: 0 to 1.
func quantile(_ sorted: [Double], _ q: Double) -> Double {
  precondition(!sorted.isEmpty, "an empty list has no quantile")
  let place = q * Double(sorted.count - 1)
  let below = Int(place)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
}

/// The median of numbers in any order; nil if there are none.
func median(_ numbers: [Double]) -> Double? {
  numbers.isEmpty ? nil : quantile(numbers.sorted(), 0.5)
}
