/// Finds the pair of features with the highest score in an adversarial saliency map.
///
/// For α = ∂Z_t/∂x and β = Σ_{j≠t} ∂Z_j/∂x, the best pair is
///
///     max score(p, q) = −(α_p + α_q)·(β_p + β_q)
///     subject to α_p + α_q > 0, β_p + β_q < 0 and p < q
///
/// The result is exactly that of a comparison of all pairs in float32, D²/2 of them, at a much
/// lower cost. The search leaves out features that cannot matter:
///
/// - Feature g dominates f if α_g ≥ α_f and β_g ≤ β_f. In a pair with another feature q, g in place
///   of f gives at least the same score: α_g + α_q is not smaller and β_g + β_q is not larger, so a
///   valid pair remains valid, and neither factor of the score becomes smaller. This holds in
///   float32 too, because rounding never reverses the order of two sums or of two products.
/// - Let two features g and h dominate f. In every pair of f with a feature q, at least one of the
///   two is not q and can replace f. Some best pair therefore consists only of features that at
///   most one other feature dominates.
///
/// In practice few features have at most one dominator, and all pairs of them are compared. Source
/// of the score: N. Papernot et al. (2016), Algorithm 3.
struct SaliencyPairSearch {
  /// The features that take part, in ascending order, and their derivatives.
  private var features: [Int] = []
  private var alpha: [Float] = []
  private var beta: [Float] = []

  /// - Parameters:
  ///   - alpha: α of all features.
  ///   - beta: β of all features.
  ///   - domain: the indices of the features that may be chosen, in ascending order. Those with a
  ///     derivative that is infinite or not a number (NaN) do not take part.
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

  /// The best pair, or nil if no pair has a positive score. Among equal scores it is the first pair
  /// in row-major order: the smallest p, and then the smallest q.
  ///
  /// Complexity: O(D log D) time for D features, and the square of the number of features with at
  /// most one dominator.
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

  /// The score −(α_p + α_q)·(β_p + β_q), or zero if the pair is not admissible.
  private func score(_ p: Int, _ q: Int) -> Float {
    let towards = alpha[p] + alpha[q]
    let others = beta[p] + beta[q]
    return towards > 0 && others < 0 ? -towards * others : 0
  }

  /// The features that at most one other feature dominates.
  ///
  /// In descending order of α, and ascending order of β among equal α, only features before f can
  /// dominate f, and they do if their β is not larger. Features with the same α and β dominate each
  /// other; the order counts only the earlier ones, so that two of them remain, which is enough for
  /// a pair. It therefore suffices to remember the two smallest β so far: f has at most one
  /// dominator exactly if its β is smaller than the second smallest.
  private func undominated() -> [Int] {
    let (first, second) = strongest()
    let contenders = features.indices.filter { feature in
      feature == first || feature == second
        || !(dominates(first, feature) && dominates(second, feature))
    }
    var smallest = Float.infinity
    var secondSmallest = Float.infinity
    return byFallingAlpha(contenders).filter { feature in
      let value = beta[feature]
      guard value < secondSmallest else { return false }
      secondSmallest = max(smallest, value)
      smallest = min(smallest, value)
      return true
    }
  }

  /// Whether p dominates q.
  private func dominates(_ p: Int, _ q: Int) -> Bool { alpha[p] >= alpha[q] && beta[p] <= beta[q] }

  /// The two features with the largest α − β. They dominate most other features, which then need
  /// not be sorted.
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

  /// Sorts features by descending α, and by ascending β for equal α.
  private func byFallingAlpha(_ contenders: [Int]) -> [Int] {
    // One whole number for each feature: −α in its upper 32 bits, β in its lower ones.
    let keys = contenders.map {
      (key: UInt64((-alpha[$0]).order) << 32 | UInt64(beta[$0].order), feature: $0)
    }
    return keys.sorted { $0.key < $1.key }.map(\.feature)
  }

  /// The first pair in row-major order that has the highest score.
  ///
  /// Several pairs may have it, even pairs with features that were left out. Let {p, q} be such a
  /// pair. If q was left out, it has two dominators, and one that is not p can replace it.
  /// Repeated, this gives a feature m that was kept, and {p, m} has the highest score too.
  /// Replacing p in the same way gives a pair of two kept features, so m is one of the `members`.
  /// It is therefore enough to look for the first p that has the highest score with a member. Its
  /// partner comes after it, because otherwise the partner would have been found first.
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
  /// A whole number that has the order of the floating-point number.
  ///
  /// The bits of a non-negative float, read as a whole number, increase with its value. The bits of
  /// a negative float decrease, so they are inverted; and the sign bit is set for non-negative
  /// numbers, which places them above the negative ones.
  fileprivate var order: UInt32 { bitPattern >> 31 == 1 ? ~bitPattern : bitPattern | 1 << 31 }
}
