/// Finds the pair of features that an adversarial saliency map ranks first: for α = ∂Z_t/∂x and β =
/// Σ_{j≠t} ∂Z_j/∂x,
///
///     max −(α_p + α_q)·(β_p + β_q)  subject to  α_p + α_q > 0,  β_p + β_q < 0,  p < q
///
/// exactly as a comparison of all D² pairs in float32 does, but without them: a feature that two
/// others equal or exceed in both α and −β is never needed, since one of the two can take its place
/// in any pair. Few features remain, and float32 rounding keeps the order. Papernot et al., 2016,
/// algorithm 3.
struct SaliencyPairSearch {
  /// The features that compete, ascending, and their derivatives.
  private var features: [Int] = []
  private var alpha: [Float] = []
  private var beta: [Float] = []

  /// Features are numbers in `domain`, ascending, and indices of `alpha` and `beta`; those whose
  /// derivatives are not finite do not compete.
  init(alpha: [Float], beta: [Float], domain: [Int]) {
    features.reserveCapacity(domain.count)
    self.alpha.reserveCapacity(domain.count)
    self.beta.reserveCapacity(domain.count)
    for feature in domain where alpha[feature].isFinite && beta[feature].isFinite {
      features.append(feature)
      self.alpha.append(alpha[feature])
      self.beta.append(beta[feature])
    }
  }

  /// The best pair, the first of equals in row-major order; nil if none has a positive score. Takes
  /// O(D log D) time, and the square of the number of features that remain.
  func best() -> (first: Int, second: Int)? {
    let remaining = undominated()
    var highest: Float = 0
    var members: [Int] = []
    for (place, p) in remaining.enumerated() {
      for q in remaining[(place + 1)...] {
        let score = score(p, q)
        guard score >= highest, score > 0 else { continue }
        if score > highest { members.removeAll(keepingCapacity: true) }
        highest = score
        members.append(p)
        members.append(q)
      }
    }
    return members.isEmpty ? nil : firstPair(scoring: highest, with: members)
  }

  /// −(α_p + α_q)·(β_p + β_q), or zero where the pair is not admissible.
  private func score(_ p: Int, _ q: Int) -> Float {
    let towards = alpha[p] + alpha[q]
    let others = beta[p] + beta[q]
    return towards > 0 && others < 0 ? -towards * others : 0
  }

  /// The features that at most one other equals or exceeds in both α and −β.
  private func undominated() -> [Int] {
    let (first, second) = strongest()
    let contenders = features.indices.filter { feature in
      feature == first || feature == second
        || !(exceeds(first, feature) && exceeds(second, feature))
    }
    var smallest = Float.infinity
    var secondSmallest = Float.infinity
    // From large to small α only earlier features can exceed a later one, and they do where their β
    // is not larger.
    return byFallingAlpha(contenders).filter { feature in
      let value = beta[feature]
      guard value < secondSmallest else { return false }
      secondSmallest = max(smallest, value)
      smallest = min(smallest, value)
      return true
    }
  }

  private func exceeds(_ p: Int, _ q: Int) -> Bool { alpha[p] >= alpha[q] && beta[p] <= beta[q] }

  /// The two features with the largest α − β: they exceed most others, which then need not be
  /// sorted.
  private func strongest() -> (Int, Int) {
    var (first, second) = (0, 0)
    var (largest, secondLargest) = (-Float.infinity, -Float.infinity)
    for feature in features.indices {
      let strength = alpha[feature] - beta[feature]
      if strength > largest {
        (second, secondLargest) = (first, largest)
        (first, largest) = (feature, strength)
      } else if strength >= secondLargest {
        (second, secondLargest) = (feature, strength)
      }
    }
    return (first, second)
  }

  /// From large to small α, and for equal α from small to large β.
  private func byFallingAlpha(_ contenders: [Int]) -> [Int] {
    let keys = contenders.map {
      (key: UInt64((-alpha[$0]).order) << 32 | UInt64(beta[$0].order), feature: $0)
    }
    return keys.sorted { $0.key < $1.key }.map(\.feature)
  }

  /// The first pair in row-major order that reaches the highest score. Rounding can give it also to
  /// features that did not remain, each with one of the `members` that did: the first feature of
  /// all that does is the row.
  private func firstPair(scoring highest: Float, with members: [Int]) -> (first: Int, second: Int)?
  {
    guard
      let p = features.indices.first(where: { p in
        members.contains { $0 != p && score(p, $0) == highest }
      }),
      let q = ((p + 1)..<features.count).first(where: { score(p, $0) == highest })
    else { return nil }
    return (features[p], features[q])
  }
}

extension Float {
  /// A whole number that orders as this number does; bits of negative floats fall where the numbers
  /// rise.
  fileprivate var order: UInt32 { bitPattern >> 31 == 1 ? ~bitPattern : bitPattern | 1 << 31 }
}
