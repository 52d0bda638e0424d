import Foundation

/// The places of features in the order of some numbers, by which explanations are compared.
public enum Ranks {
  /// The rank of each value, from 1 for the smallest; equal values share the mean of their ranks.
  public static func of(_ values: [Float]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return ranks
  }

  /// Spearman's rank correlation: the correlation of two lists of ranks, from −1 to 1; nil if all
  /// ranks of a list are equal, or if there are fewer than two.
  public static func correlation(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count, "expected as many ranks in both lists")
    guard a.count > 1 else { return nil }
    // Both lists have the mean (n + 1) / 2.
    let mean = Double(a.count + 1) / 2
    var (products, first, second) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      products += (x - mean) * (y - mean)
      first += (x - mean) * (x - mean)
      second += (y - mean) * (y - mean)
    }
    guard first > 0, second > 0 else { return nil }
    return products / (first * second).squareRoot()
  }

  /// Spearman's rank correlation of two lists of magnitudes over the places where they are not both 0:
  /// black pixels and absent words, to which no method gives anything, are no agreement.
  /// - Returns: nil where there is none.
  public static func agreement(_ a: [Float], _ b: [Float]) -> Double? {
    precondition(a.count == b.count, "expected as many magnitudes in both lists")
    let places = a.indices.filter { a[$0] != 0 || b[$0] != 0 }
    return correlation(of(places.map { a[$0] }), of(places.map { b[$0] }))
  }

  /// The places of the `count` largest values, largest first; of equal values the first ones.
  public static func largest(_ values: [Float], _ count: Int) -> [Int] {
    // The places so far, by falling values. Most values are smaller than the last of them.
    var best: [Int] = []
    for (place, value) in values.enumerated() where count > 0 {
      guard best.count < count || value > values[best[best.count - 1]] else { continue }
      let position = best.firstIndex { values[$0] < value } ?? best.count
      if best.count == count { best.removeLast() }
      best.insert(place, at: min(position, best.count))
    }
    return best
  }

  /// The share of the `count` largest values of one list that are also among those of the other one.
  public static func overlap(_ a: [Float], _ b: [Float], top count: Int) -> Double {
    let common = Set(largest(a, count)).intersection(largest(b, count))
    return Double(common.count) / Double(min(count, max(1, a.count)))
  }
}
