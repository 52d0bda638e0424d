/// The order in which NumPy's `argsort` puts numbers, also where numbers are equal.
///
/// `argsort` is an introsort: a quicksort around the median of three numbers, an insertion sort for
/// at most 16 numbers, and a heapsort where the quicksort goes too deep. It does not keep equal
/// numbers in their order, and scikit-learn's choice of the most frequent words depends on that. This
/// is the algorithm of NumPy without vector instructions (`aquicksort` in `npysort/quicksort.cpp`).
/// NumPy 2 puts equal numbers into other orders on processors with AVX2 or AVX-512.
struct NumPyOrder {
  private let values: [Int]
  private var order: [Int]

  /// The places of the numbers, from the smallest number to the largest.
  /// - Parameter depth: how many partitions the quicksort may make inside of each other before the
  ///   heapsort takes over; nil for NumPy's limit, twice the logarithm of the count to base 2.
  static func ascending(_ values: [Int], depth: Int? = nil) -> [Int] {
    guard values.count > 1 else { return Array(values.indices) }
    var sorted = NumPyOrder(values: values, order: Array(values.indices))
    sorted.sort(depth: depth ?? 2 * (Int.bitWidth - 1 - values.count.leadingZeroBitCount))
    return sorted.order
  }

  private static let smallest = 15

  private func isLess(_ a: Int, _ b: Int) -> Bool { values[order[a]] < values[order[b]] }

  private mutating func sort(depth: Int) {
    var waiting = [(left: 0, right: order.count - 1, depth: depth)]
    while var (left, right, depth) = waiting.popLast() {
      guard depth >= 0 else {
        heapSort(left, right - left + 1)
        continue
      }
      while right - left > Self.smallest {
        let pivot = partition(left, right)
        depth -= 1
        if pivot - left < right - pivot {
          waiting.append((pivot + 1, right, depth))
          right = pivot - 1
        } else {
          waiting.append((left, pivot - 1, depth))
          left = pivot + 1
        }
      }
      insertionSort(left, right)
    }
  }

  /// Moves numbers below the median of three to the left of it, and those above it to the right.
  /// - Returns: the place of the median.
  private mutating func partition(_ left: Int, _ right: Int) -> Int {
    let middle = left + (right - left) >> 1
    if isLess(middle, left) { order.swapAt(middle, left) }
    if isLess(right, middle) { order.swapAt(right, middle) }
    if isLess(middle, left) { order.swapAt(middle, left) }
    let pivot = values[order[middle]]
    var (low, high) = (left, right - 1)
    order.swapAt(middle, high)
    while true {
      repeat { low += 1 } while values[order[low]] < pivot
      repeat { high -= 1 } while pivot < values[order[high]]
      if low >= high { break }
      order.swapAt(low, high)
    }
    order.swapAt(low, right - 1)
    return low
  }

  private mutating func insertionSort(_ left: Int, _ right: Int) {
    guard left < right else { return }
    for place in left + 1...right {
      let moved = order[place]
      var hole = place
      while hole > left, values[moved] < values[order[hole - 1]] {
        order[hole] = order[hole - 1]
        hole -= 1
      }
      order[hole] = moved
    }
  }

  /// Sorts `count` places from `start` on as a heap whose root has the number 1.
  private mutating func heapSort(_ start: Int, _ count: Int) {
    let root = start - 1
    var count = count
    func sink(_ moved: Int, from hole: Int) {
      var hole = hole
      while 2 * hole <= count {
        var child = 2 * hole
        if child < count, isLess(root + child, root + child + 1) { child += 1 }
        guard values[moved] < values[order[root + child]] else { break }
        order[root + hole] = order[root + child]
        hole = child
      }
      order[root + hole] = moved
    }
    for place in stride(from: count / 2, to: 0, by: -1) { sink(order[root + place], from: place) }
    while count > 1 {
      let last = order[root + count]
      order[root + count] = order[root + 1]
      count -= 1
      sink(last, from: 1)
    }
  }
}
