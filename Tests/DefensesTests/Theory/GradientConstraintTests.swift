import Foundation
import Testing

/// Theorem 1 of J. Heo, V. Piratla, M. Wicker and A. Weller, "Use Perturbations when Learning from
/// Explanations" (2023): a constraint on gradients says little about the function at a distance.
///
/// The function is a Gaussian process with θ₂⁻² ~ Gamma(α, β); the tests take the mean α/β for
/// θ₂⁻². The second feature is the nuisance. With ∂f/∂x₂ = 0 at every training point, the function
/// still changes by an amount that grows with α/β when the nuisance moves by δ. Training on copies
/// whose nuisance is perturbed bounds the change itself, as in Theorem 2.
@Suite("A gradient of zero does not make a Gaussian process ignore the nuisance")
struct GradientConstraintTests {
  /// Four points, whose values alternate between −1 and 1. The nuisance is half of the value.
  private let points: [GaussianProcess.Point] = [(-3, -0.5), (-1, 0.5), (1, -0.5), (3, 0.5)]
  private let values = [-1.0, 1, -1, 1]
  /// The largest move of the nuisance, δ.
  private let reach = 2.0
  static let scales = [1.0, 2, 4, 8]

  /// The process without a constraint, with the gradient constraint, or with copies.
  private enum Training { case plain, gradients, copies }

  private func process(_ training: Training, _ scale: Double) -> GaussianProcess {
    switch training {
    case .plain: return GaussianProcess(scales: (1, scale), values, at: points)
    case .gradients: return GaussianProcess(scales: (1, scale), values, at: points, flatAt: points)
    case .copies:
      let moves = stride(from: -reach, through: reach, by: 0.5)
      let copies = moves.flatMap { move in points.map { ($0.0, $0.1 + move) } }
      return GaussianProcess(scales: (1, scale), moves.flatMap { _ in values }, at: copies)
    }
  }

  /// The largest change of the function at the training points when the nuisance moves by up to δ.
  /// The moves lie between those of the copies.
  private func deviation(_ function: GaussianProcess) -> Double {
    let moves = stride(from: -reach + 0.25, to: reach, by: 0.5)
    return
      (moves.flatMap { move in
        points.map { abs(function(($0.0, $0.1 + move)) - function($0)) }
      }).max() ?? 0
  }

  @Test(
    "the posterior has the observed values, and the derivative 0 where it must", arguments: scales)
  func conditions(_ scale: Double) {
    let function = process(.gradients, scale)
    for (point, value) in zip(points, values) {
      #expect(abs(function(point) - value) < 1e-6)
      let step = 1e-4
      let slope =
        (function((point.0, point.1 + step)) - function((point.0, point.1 - step))) / (2 * step)
      #expect(abs(slope) < 1e-6)
    }
  }

  @Test("under the gradient constraint the deviation shrinks with α/β, from 0.88 to 0.03")
  func gradients() {
    let deviations = Self.scales.map { deviation(process(.gradients, $0)) }
    let plain = Self.scales.map { deviation(process(.plain, $0)) }
    #expect(zip(deviations, plain).allSatisfy { $0 < $1 && $0 > $1 / 2 }, "\(plain)")
    #expect(zip(deviations, deviations.dropFirst()).allSatisfy { $0 > $1 }, "\(deviations)")
    #expect((0.8...0.95).contains(deviations[0]), "\(deviations)")
    #expect((0.02...0.04).contains(deviations[3]), "\(deviations)")
    // Once δ is small beside θ₂, the deviation is proportional to α/β = 1/θ₂².
    #expect(abs(deviations[2] / deviations[3] - 4) < 0.3, "\(deviations)")
  }

  @Test("perturbed copies make the deviation smaller by orders of magnitude")
  func copies() {
    for scale in Self.scales {
      let constrained = deviation(process(.gradients, scale))
      let perturbed = deviation(process(.copies, scale))
      #expect(perturbed < constrained / 100, "θ₂ = \(scale): \(perturbed) and \(constrained)")
    }
    #expect(deviation(process(.copies, 1)) < 0.003)
    #expect(deviation(process(.copies, 8)) < 0.0003)
  }

  @Test("at an isolated point, the constraint leaves exactly what the kernel forgets")
  func isolated() {
    // One point: the value and the derivative are independent, so that the constraint changes
    // nothing, and f(x + [0, δ]) = exp(−δ²/2θ₂²)·f(x).
    for scale in Self.scales {
      let function = GaussianProcess(scales: (1, scale), [1], at: [(0, 0)], flatAt: [(0, 0)])
      for move in [0.5, 1, 2] {
        let expected = exp(-move * move / (2 * scale * scale))
        #expect(abs(function((0, move)) - expected) < 1e-6)
      }
    }
  }
}
