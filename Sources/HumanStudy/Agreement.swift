/// Fleiss' kappa: how much the people who labelled the same pictures agree, corrected for chance.
///
/// It is 1 if all agree, 0 if they agree as often as people who draw their answers at random from
/// the overall shares of the categories, and negative if they agree less often than that.
///
/// Each of N pictures has n answers, of which nᵢₖ on picture i are category k. Then
///
///     κ = (P̄ − P̄ₑ) / (1 − P̄ₑ)
///     P̄  = mean over i of (Σₖ nᵢₖ² − n) / (n(n − 1))
///     P̄ₑ = Σₖ pₖ²,  pₖ = share of category k among all N·n answers
///
/// P̄ is the share of pairs of answers on one picture that agree, and P̄ₑ is the probability that
/// two independent draws from the shares pₖ agree. Source: J. L. Fleiss, Psychological Bulletin 76
/// (1971).
/// - Parameter counts: `[N][categories]`, for each picture how many people chose each category.
/// - Precondition: every picture has the same number of answers.
/// - Returns: nil if there is no picture, if pictures have fewer than two answers, or if all
///   answers are of one category. In the last case chance agrees too and κ is 0/0.
public func fleissKappa(_ counts: [[Int]]) -> Double? {
  guard let raters = counts.first?.reduce(0, +), raters >= 2 else { return nil }
  precondition(
    counts.allSatisfy { $0.reduce(0, +) == raters },
    "Fleiss' kappa needs the same number of answers on every picture")
  let (n, all) = (Double(raters), Double(raters * counts.count))
  // A picture with nᵢₖ answers of category k has Σₖ nᵢₖ(nᵢₖ − 1) = Σₖ nᵢₖ² − n ordered pairs that
  // agree, of n(n − 1).
  let agreement = counts.map { Double($0.reduce(0) { $0 + $1 * $1 } - raters) / (n * (n - 1)) }
  let observed = agreement.reduce(0, +) / Double(counts.count)
  let shares = counts[0].indices.map { category in
    Double(counts.reduce(0) { $0 + $1[category] }) / all
  }
  let expected = shares.reduce(0) { $0 + $1 * $1 }
  return expected < 1 ? (observed - expected) / (1 - expected) : nil
}

/// Krippendorff's alpha for categories without an order: agreement corrected for chance, as Fleiss'
/// kappa, but pictures may have different numbers of answers.
///
/// α = 1 − Dₒ/Dₑ. Dₒ is the observed disagreement: the share of pairs of answers on one picture
/// that differ, where a picture with n answers weights each of its pairs by 1/(n − 1), so that
/// every answer counts the same. Dₑ is the disagreement expected by chance: the share of pairs that
/// differ among all answers, whatever picture they are about. Pictures with fewer than two answers
/// have no pairs and are left out. Source: K. Krippendorff, "Content Analysis" (2004).
/// - Parameter counts: `[N][categories]`, for each picture how many people chose each category.
/// - Returns: nil if no picture has two answers, or if all answers are of one category.
public func krippendorffAlpha(_ counts: [[Int]]) -> Double? {
  let pairable = counts.filter { $0.reduce(0, +) >= 2 }
  guard let categories = pairable.first?.indices else { return nil }
  // With `all` answers in total, `differing` is all·Dₒ and `byChance` is all·Dₑ, so that the factor
  // cancels in the quotient. Pairs are ordered pairs in both.
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

/// Error consistency: Cohen's kappa of two observers who were right or wrong on the same pictures.
///
/// κ = (o − e) / (1 − e). The observed agreement o is the share of pictures on which both were
/// right or both were wrong. The expected agreement e = p₁p₂ + (1 − p₁)(1 − p₂) is what two
/// independent observers with shares p₁ and p₂ of right answers would reach. κ is 1 if both err on
/// exactly the same pictures and 0 if their errors are unrelated. Source: R. Geirhos, K. Meding, F.
/// Wichmann, "Beyond accuracy: quantifying trial-by-trial behaviour of CNNs and humans by measuring
/// error consistency" (2020).
/// - Parameters:
///   - first: for each picture whether the first observer was right.
///   - second: the same for the second observer, in the same order.
/// - Precondition: both have the same length.
/// - Returns: nil if there is no picture, or if e is 1: both were always right, or both were always
///   wrong.
public func errorConsistency(_ first: [Bool], _ second: [Bool]) -> Double? {
  precondition(
    first.count == second.count, "\(first.count) and \(second.count) answers do not pair up")
  guard !first.isEmpty else { return nil }
  let n = Double(first.count)
  let observed = Double(zip(first, second).count { $0 == $1 }) / n
  let (p, q) = (Double(first.count { $0 }) / n, Double(second.count { $0 }) / n)
  let expected = p * q + (1 - p) * (1 - q)
  return expected < 1 ? (observed - expected) / (1 - expected) : nil
}
