/// Fleiss' kappa: how much more people agree than by chance, 1 in full agreement, 0 by chance.
///
/// With n answers on each of N pictures, nᵢₖ of them category k: κ = (P̄ − P̄ₑ) / (1 − P̄ₑ), P̄ the
/// mean of (Σₖ nᵢₖ² − n) / (n(n − 1)), P̄ₑ = Σₖ pₖ², pₖ the share of category k among all answers.
/// Source: J. L. Fleiss, Psychological Bulletin 76 (1971).
/// - Parameter counts: for each picture how many chose each category; every picture has as many
///   answers, at least two.
/// - Returns: nil if there is no picture, or all answers are of one category, so that chance would
///   agree too.
public func fleissKappa(_ counts: [[Int]]) -> Double? {
  guard let raters = counts.first?.reduce(0, +), raters >= 2 else { return nil }
  precondition(counts.allSatisfy { $0.reduce(0, +) == raters }, "every picture has as many answers")
  let (n, all) = (Double(raters), Double(raters * counts.count))
  let agreement = counts.map { Double($0.reduce(0) { $0 + $1 * $1 } - raters) / (n * (n - 1)) }
  let observed = agreement.reduce(0, +) / Double(counts.count)
  let shares = counts[0].indices.map { category in
    Double(counts.reduce(0) { $0 + $1[category] }) / all
  }
  let expected = shares.reduce(0) { $0 + $1 * $1 }
  return expected < 1 ? (observed - expected) / (1 - expected) : nil
}

/// Krippendorff's alpha for categories without an order: as Fleiss' kappa, but pictures may have
/// any number of answers.
///
/// α = 1 − Dₒ/Dₑ with Dₒ the share of pairs of answers on one picture that differ, each picture's
/// pairs weighted by 1/(n − 1), and Dₑ that of all pairs. Pictures with fewer than two answers say
/// nothing. Source: K. Krippendorff, "Content analysis" (2004).
/// - Parameter counts: for each picture how many chose each category.
/// - Returns: nil if no picture has two answers, or all answers are of one category.
public func krippendorffAlpha(_ counts: [[Int]]) -> Double? {
  let pairable = counts.filter { $0.reduce(0, +) >= 2 }
  guard let categories = pairable.first?.indices else { return nil }
  var differing = 0.0
  for picture in pairable {
    let n = picture.reduce(0, +)
    let same = picture.reduce(0) { $0 + $1 * ($1 - 1) }
    differing += Double(n * (n - 1) - same) / Double(n - 1)
  }
  let totals = categories.map { category in pairable.reduce(0) { $0 + $1[category] } }
  let all = totals.reduce(0, +)
  let byChance = Double(all * all - totals.reduce(0) { $0 + $1 * $1 }) / Double(all - 1)
  return byChance > 0 ? 1 - differing / byChance : nil
}

/// Cohen's kappa of two who were right or wrong on the same pictures: error consistency.
///
/// κ = (o − e) / (1 − e), o the share of pictures on which both were right or both wrong, e = p₁p₂
/// + (1 − p₁)(1 − p₂) what chance would give with shares p₁ and p₂ right. Source: R. Geirhos, K.
/// Meding, F. Wichmann, "Beyond accuracy" (2020).
/// - Returns: nil for no pictures, or where chance would always agree (both always right, or both
///   always wrong).
public func errorConsistency(_ first: [Bool], _ second: [Bool]) -> Double? {
  precondition(first.count == second.count)
  guard !first.isEmpty else { return nil }
  let n = Double(first.count)
  let observed = Double(zip(first, second).count { $0 == $1 }) / n
  let (p, q) = (Double(first.count { $0 }) / n, Double(second.count { $0 }) / n)
  let expected = p * q + (1 - p) * (1 - q)
  return expected < 1 ? (observed - expected) / (1 - expected) : nil
}
