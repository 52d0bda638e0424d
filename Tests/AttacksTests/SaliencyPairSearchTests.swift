import Testing

@testable import Attacks

@Suite("The best pair of a saliency map is found exactly")
struct SaliencyPairSearchTests {
  /// The distributions of the derivatives.
  enum Kind: String, CaseIterable, Sendable {
    /// Continuous numbers, with −α and β independent, nearly equal or nearly opposite.
    case independent, alike, opposed
    /// Few whole numbers: many ties and zeros.
    case whole, mostlyZero, constant
    /// Rounded sums: different pairs get the same score.
    case rounding
    /// The smallest and largest float32 numbers: scores that are 0 or infinite.
    case tiny, huge
    /// Some numbers are infinite or not a number (NaN).
    case broken
    /// No pair is admissible.
    case hopeless
  }

  /// The definition: the first of the pairs with the largest score, p < q in row-major order; nil
  /// if the score is not positive.
  private func definition(_ alpha: [Float], _ beta: [Float], _ domain: [Int]) -> [Int]? {
    let finite = domain.filter { alpha[$0].isFinite && beta[$0].isFinite }
    var best: (score: Float, pair: [Int]) = (0, [])
    for p in finite {
      for q in finite where p < q {
        let towards = alpha[p] + alpha[q]
        let others = beta[p] + beta[q]
        guard towards > 0, others < 0 else { continue }
        let score = -towards * others
        if score > best.score { best = (score, [p, q]) }
      }
    }
    return best.pair.isEmpty ? nil : best.pair
  }

  private func found(_ alpha: [Float], _ beta: [Float], _ domain: [Int]) -> [Int]? {
    SaliencyPairSearch(alpha: alpha, beta: beta, domain: domain).best().map {
      [$0.first, $0.second]
    }
  }

  private func drawn(_ kind: Kind, _ count: Int, _ random: inout SplitMix) -> (
    alpha: [Float], beta: [Float]
  ) {
    var alpha: [Float] = []
    var beta: [Float] = []
    for _ in 0..<count {
      let (a, b) = (
        Float.random(in: -1...1, using: &random), Float.random(in: -1...1, using: &random)
      )
      switch kind {
      case .independent: (alpha, beta) = (alpha + [a], beta + [b])
      case .alike: (alpha, beta) = (alpha + [a], beta + [-a + b * 0.1])
      case .opposed: (alpha, beta) = (alpha + [a], beta + [a + b * 0.1])
      case .whole: (alpha, beta) = (alpha + [(a * 3).rounded()], beta + [(b * 3).rounded()])
      case .mostlyZero:
        alpha.append(max(0, (a * 3).rounded() - 1))
        beta.append(min(0, (b * 3).rounded() + 1))
      case .constant: (alpha, beta) = (alpha + [0.3], beta + [-0.7])
      case .rounding:
        // The sums with large numbers round away the differences of the others.
        let large = Float.random(in: 0...1, using: &random) < 0.3
        alpha.append(large ? 100 + (a * 2).rounded() : 1 + a * 1e-5)
        beta.append(large ? -100 + (b * 2).rounded() : -1 + b * 1e-5)
      case .tiny: (alpha, beta) = (alpha + [a * 1e-22], beta + [b * 1e-22])
      case .huge:
        alpha.append(a * .greatestFiniteMagnitude)
        beta.append(b * .greatestFiniteMagnitude)
      case .broken:
        let odd: [Float] = [.nan, .infinity, -.infinity]
        alpha.append(a > 0.6 ? odd.randomElement(using: &random)! : a)
        beta.append(b > 0.6 ? odd.randomElement(using: &random)! : b)
      case .hopeless: (alpha, beta) = (alpha + [-abs(a)], beta + [b])
      }
    }
    return (alpha, beta)
  }

  @Test(
    "the result is that of comparing all pairs, with ties and rounding", arguments: Kind.allCases
  )
  func exact(_ kind: Kind) {
    var random = SplitMix(seed: 71)
    for count in 2...40 {
      for round in 0..<40 {
        let (alpha, beta) = drawn(kind, count, &random)
        // Half of the cases leave some features out.
        let domain = (0..<count).filter { _ in round % 2 == 0 || Bool.random(using: &random) }
        let expected = definition(alpha, beta, domain)
        #expect(found(alpha, beta, domain) == expected, "\(kind) \(alpha) \(beta) \(domain)")
        if kind == .hopeless { #expect(expected == nil) }
      }
    }
  }

  @Test("the result is exact for as many features as images have", arguments: [784, 3072])
  func large(_ count: Int) {
    var random = SplitMix(seed: 72)
    for kind in [Kind.independent, .alike, .opposed, .rounding] {
      let (alpha, beta) = drawn(kind, count, &random)
      let domain = Array(0..<count)
      #expect(found(alpha, beta, domain) == definition(alpha, beta, domain), "\(kind)")
    }
  }

  @Test("fewer than two features give no pair")
  func few() {
    #expect(found([], [], []) == nil)
    #expect(found([1, 1], [-1, -1], [1]) == nil)
    #expect(found([1, .nan], [-1, -1], [0, 1]) == nil)
  }

  @Test("derivatives whose differences overflow take part")
  func overflow() {
    #expect(found([3.4e38, -3e38, -3e38], [-3.4e38, 3e38, 3e38], [0, 1, 2]) == [0, 1])
  }

  @Test("of equal pairs the first in row-major order is found")
  func ties() {
    #expect(found([1, 1, 1], [-1, -1, -1], [0, 1, 2]) == [0, 1])
    // (0, 3) and (1, 2) both have the score 4·4, and (0, 1), for example, has 5·3.
    #expect(found([3, 2, 2, 1], [-1, -2, -2, -3], [0, 1, 2, 3]) == [0, 3])
    #expect(found([0, 2, 0, 2], [0, -2, 0, -2], [0, 1, 2, 3]) == [1, 3])
  }
}

/// SplitMix64, a generator that gives the same numbers on every machine.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
