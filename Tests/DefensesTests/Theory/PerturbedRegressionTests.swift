import ModelCore
import Support
import Testing

/// Proposition 1 of J. Heo, V. Piratla, M. Wicker and A. Weller, "Use Perturbations when Learning
/// from Explanations" (2023).
///
/// The target y, with mean 0 and variance v, has D + 1 features. The first D equal y and must not
/// matter. The last one is y plus normal noise of variance 1/K, and is the core. A perturbation adds
/// standard normal noise to each of the D features, independently. Each feature then is a
/// measurement of y, with precision 1 in the nuisance and K in the core, and the best linear
/// prediction weights measurements by their precision:
///
///     w_d = v / (1 + v·(D + K)),  w_{D+1} = K·w_d
///
/// For a large v, this is w_d = 1/(D + K) and w_{D+1} = K/(D + K), as the proposition says: the
/// weight that the nuisance keeps grows with the number of its features.
@Suite("Linear regression on perturbed features weights them by their precision")
struct PerturbedRegressionTests {
  struct Case: CustomStringConvertible, Sendable {
    /// D, the number of features in the nuisance.
    let nuisances: Int
    /// K, the precision of the core.
    let precision: Double
    /// v, the variance of the target.
    let variance: Double
    var description: String { "D = \(nuisances), K = \(precision), v = \(variance)" }

    /// The weights that the formula gives.
    var expected: [Double] {
      let weight = variance / (1 + variance * (Double(nuisances) + precision))
      return [Double](repeating: weight, count: nuisances) + [precision * weight]
    }
  }

  static let cases = [
    Case(nuisances: 1, precision: 1, variance: 1), Case(nuisances: 3, precision: 4, variance: 100),
    Case(nuisances: 8, precision: 2, variance: 25), Case(nuisances: 2, precision: 0.5, variance: 9),
  ]

  @Test("the normal equations have the formula as their solution", arguments: cases)
  func closedForm(_ test: Case) {
    // E[xᵢxⱼ] = v, plus the variance of the noise for i = j; E[xᵢy] = v.
    let noise = [Double](repeating: 1, count: test.nuisances) + [1 / test.precision]
    let moments = noise.indices.map { row in
      noise.indices.map { test.variance + ($0 == row ? noise[row] : 0) }
    }
    let found = solve(moments, noise.map { _ in test.variance })
    for (found, expected) in zip(found, test.expected) { #expect(abs(found - expected) < 1e-12) }
  }

  @Test("for a target of large variance, the weights are those of the proposition")
  func proposition() {
    let weights = Case(nuisances: 3, precision: 4, variance: 1e9).expected
    #expect(weights.dropLast().allSatisfy { abs($0 - 1.0 / 7) < 1e-8 })
    #expect(abs(weights[3] - 4.0 / 7) < 1e-8)
  }

  @Test("a regression on 200,000 perturbed samples finds the weights", arguments: cases)
  func regression(_ test: Case) {
    // targets [N, 1], nuisance [N, D], core [N, 1], features [N, D + 1]
    let count = 200_000
    let random = RandomSource(Seed(15))
    let targets = random.normal([count, 1]) * test.variance.squareRoot()
    let core = targets + random.normal([count, 1]) / test.precision.squareRoot()
    let nuisance = targets.expanded([count, test.nuisances])
    func weights(perturbed: Bool) -> [Double] {
      let seen = perturbed ? nuisance + random.normal([count, test.nuisances]) : nuisance
      let features = Tensor.concatenate([seen, core], along: 1).to(.float64)
      let across = features.permuted([1, 0])
      let size = test.nuisances + 1
      // Without perturbations the D features are equal. A weak prior, of variance 1/1e-6, chooses
      // among the weights that fit equally well.
      let moments = (0..<size).map { row in
        (0..<size).map { column in
          (features.select(1, row) * features.select(1, column)).sum().scalar
            + (row == column ? 1e-6 : 0)
        }
      }
      let right = across.matmul(targets.to(.float64))
      return solve(moments, (0..<size).map { right.select(0, $0).sum().scalar })
    }
    // The residual's variance is at most 1/(D + K), and each feature has at least its own noise.
    // The standard error of a weight is therefore at most √(K / ((D + K)·N)).
    let error = (max(test.precision, 1) / (Double(test.nuisances) + test.precision) / Double(count))
      .squareRoot()
    for (found, expected) in zip(weights(perturbed: true), test.expected) {
      #expect(abs(found - expected) < 5 * error, "\(found), expected \(expected)")
    }
    // Without perturbations the nuisance determines the target, and the core gets no weight.
    let plain = weights(perturbed: false)
    #expect(abs(plain.dropLast().reduce(0, +) - 1) < 1e-4 && abs(plain[test.nuisances]) < 1e-4)
  }
}
