import Attacks
import Foundation
import ModelCore
import Support
import Testing

@testable import Certificates

@Suite("Randomised smoothing")
struct SmoothingTests {
  /// Two classes of rows of two numbers, by the sign of the first number. Under noise with the
  /// standard deviation σ, a row with the first number d > 0 has the class 1 with the probability
  /// Φ(d/σ), and the smoothed classifier changes at a distance of exactly d.
  private struct HalfSpace: Classifier {
    let inputShape = InputShape(features: 2)
    let classCount = 2
    let valueRange = -10.0...10.0
    let device = Device.cpu
    func logits(_ rows: Tensor) -> Tensor {
      let first = rows.narrow(1, 0, 1)
      return Tensor.concatenate([-first, first], along: 1)
    }
  }

  private func certify(
    _ method: RandomizedSmoothing, distance: Double, count: Int, seed: UInt64 = 5
  )
    throws -> [CertifiedImage]
  {
    let rows = Tensor([Float](repeating: Float(distance), count: 1) + [0], shape: [1, 2])
      .expanded([count, 2])
    return try method.certify(
      rows, labels: Tensor(labels: [Int](repeating: 1, count: count)), in: .everywhere,
      radii: [0], of: HalfSpace(), draws: ExampleDraws(Seed(seed), examples: Array(0..<count))
    ) { _ in }
  }

  @Test("a radius is too large with a probability of at most α, in 10,000 simulated certificates")
  func coverage() throws {
    let method = RandomizedSmoothing(sigma: 0.5, guesses: 20, samples: 100, alpha: 0.05)
    let found = try certify(method, distance: 0.3, count: 10_000)
    let certified = found.filter { $0.radius != nil }
    let wrong = certified.filter { $0.prediction != 1 || ($0.radius ?? 0) > 0.3 }
    // 5 % of 10,000 with three standard deviations. The interval of whole numbers is conservative.
    #expect(wrong.count <= 565, "\(wrong.count)")
    #expect(wrong.count >= 100, "a bound that is never wrong is too cautious: \(wrong.count)")
    #expect(certified.count > 8000)
  }

  @Test("the number of hits of each certificate is distributed as the known probability says")
  func hits() throws {
    let method = RandomizedSmoothing(sigma: 0.5, guesses: 20, samples: 1000)
    let found = try certify(method, distance: 0.25, count: 500)
    let expected = method.certificate(of: 1, hits: Int(1000 * normalDistribution(0.5)))
    // A few guesses from 20 draws are wrong, and end without a certificate.
    let radii = found.compactMap(\.radius)
    let mean = radii.reduce(0, +) / Double(radii.count)
    #expect(radii.count > 450)
    #expect(abs(mean - (expected.radius ?? 0)) < 0.004, "\(mean) and \(expected)")
  }

  @Test("the radius is σ·Φ⁻¹(p̲), grows with hits, and is nil where p̲ ≤ ½")
  func radius() {
    let method = RandomizedSmoothing(sigma: 0.25, samples: 1000, alpha: 0.001)
    #expect(method.certificate(of: 3, hits: 500) == CertifiedImage(prediction: nil, radius: nil))
    var last = -1.0
    for hits in stride(from: 560, through: 1000, by: 20) {
      let found = method.certificate(of: 3, hits: hits)
      let lower = clopperPearsonInterval(
        successes: Double(hits), of: 1000, lowerError: 0.001
      ).lowerBound
      #expect(found.prediction == 3)
      let radius = found.radius ?? -1
      #expect(radius > last)
      #expect(radius <= 0.25 * normalQuantile(lower) + 1e-12)
      last = radius
    }
    // All of n draws: p̲ = α^(1/n).
    #expect(abs(last - 0.25 * normalQuantile(pow(0.001, 1.0 / 1000))) < 1e-9)
  }

  @Test("results belong to examples: they do not depend on the batch")
  func batches() throws {
    let method = RandomizedSmoothing(sigma: 0.5, guesses: 20, samples: 150)
    let all = try certify(method, distance: 0.1, count: 6)
    let rows = Tensor([Float](arrayLiteral: 0.1, 0), shape: [1, 2])
    for place in 0..<6 {
      let one = try method.certify(
        rows, labels: Tensor(labels: [1]), in: .everywhere, radii: [0], of: HalfSpace(),
        draws: ExampleDraws(Seed(5), examples: [place])
      ) { _ in }
      #expect(one[0] == all[place])
    }
  }

  @Test("noise stays in the region, where nothing changes the class if the region does not matter")
  func region() throws {
    let method = RandomizedSmoothing(sigma: 5, guesses: 20, samples: 200, alpha: 0.01)
    let rows = Tensor([Float](arrayLiteral: 0.01, 0), shape: [1, 2])
    let region = Region(Tensor([Float](arrayLiteral: 0, 1), shape: [1, 2]).isGreater(than: 0.5))
    let found = try method.certify(
      rows, labels: Tensor(labels: [1]), in: region, radii: [0], of: HalfSpace(),
      draws: ExampleDraws(Seed(5), examples: [0])
    ) { _ in }
    #expect(found[0] == method.certificate(of: 1, hits: 200))
  }
}
