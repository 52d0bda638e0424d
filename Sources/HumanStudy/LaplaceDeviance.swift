import Foundation

/// The deviance −2 ln L of a mixed logistic model, in Laplace's approximation.
///
/// L is the probability of the answers y with the random effects of participants and images
/// integrated out. With all of them in one vector u of q standard normal numbers, and
///
///     d(u) = −2 Σ ln P(y | u) + ‖u‖²         (the penalized deviance)
///
/// it is L = (2π)^(−q/2) ∫ exp(−d(u)/2) du, an integral over q dimensions that has no closed form.
/// Laplace's approximation replaces d by its Taylor polynomial of second order at its minimum û:
/// d(u) ≈ d(û) + (u − û)ᵀ H (u − û). The integral is then that of a normal density, and
///
///     −2 ln L ≈ d(û) + ln|H|,    H = I + ΛᵀZᵀWZΛ
///
/// H is half of the matrix of second derivatives of d. Z says which effects belong to an answer,
/// Λ holds their standard deviations and correlations, and W is diagonal with the variances
/// p(1 − p) of the answers. No binomial coefficient enters, because answers are counted one by one
/// and cells only gather equal ones.
///
/// Source: the vignette on theory in R's lme4 package. lme4 finds û by penalized iteratively
/// reweighted least squares, which for log-odds is Newton's method, as here.
///
/// It is a class because each evaluation starts its search for û from the û of the one before.
final class LaplaceDeviance {
  private let design: MixedLogisticModel.Design
  private let crossing: Crossing
  /// û of the last evaluation, of the crossing's rows and of its columns.
  private var modes: (rows: [Double], columns: [Double])

  /// - Parameter cells: the answers in any order.
  init(_ cells: [MixedLogisticModel.Cell], _ design: MixedLogisticModel.Design) {
    self.design = design
    crossing = Crossing(cells, design.participants, design.images)
    modes = (
      [Double](repeating: 0, count: crossing.rows * crossing.rowEffect.dimension),
      [Double](repeating: 0, count: crossing.columns * crossing.columnEffect.dimension)
    )
  }

  /// The limit B of the parameters of random effects, in log-odds.
  ///
  /// With a deviation as large as this most people answer all "yes" or all "no". If few answers are
  /// "yes", the likelihood may grow without end with a deviation, and Laplace's approximation is
  /// poor there.
  static let limit = 5.0

  /// The parameters of participants and of images at a point.
  ///
  /// A point is each β, then a coordinate θ for each parameter of participants and of images. The
  /// parameter is B·tanh(θ/B), which is close to θ for small θ and never larger than B. The choice
  /// of coordinates does not change where the minimum is.
  func parameters(_ point: [Double]) -> (participants: [Double], images: [Double]) {
    let bounded = point.dropFirst(design.fixedCount).map { Self.limit * tanh($0 / Self.limit) }
    let middle = design.participants.parameterCount
    return (Array(bounded[..<middle]), Array(bounded[middle...]))
  }

  /// The model with the parameters of a point.
  private func newton(_ point: [Double]) -> LaplaceNewton {
    let own = parameters(point)
    let loadings = crossing.sorted(
      design.participants.loadings(own.participants, design.contrasts),
      design.images.loadings(own.images, design.contrasts))
    return LaplaceNewton(
      crossing, fixed: design.coefficients.map { point[$0] }, loadings.rows, loadings.columns)
  }

  /// The deviance at a point; infinity where it cannot be computed.
  func value(_ point: [Double]) -> Double { minimize(newton(point)) ?? .infinity }

  /// The gradient of the deviance at a point; nil where it cannot be computed.
  func gradient(_ point: [Double]) -> [Double]? {
    let newton = newton(point)
    guard minimize(newton) != nil,
      let gradient = LaplaceGradient(newton, modes.rows, modes.columns)
    else { return nil }
    var fixed = [Double](repeating: 0, count: design.fixedCount)
    for (condition, place) in design.coefficients.enumerated() {
      fixed[place] += gradient.fixed[condition]
    }
    let own = crossing.sorted(gradient.rows, gradient.columns)
    let ofParameters =
      design.participants.gradient(own.rows, design.contrasts)
      + design.images.gradient(own.columns, design.contrasts)
    return fixed
      + zip(ofParameters, point.dropFirst(design.fixedCount)).map { slope, coordinate in
        let share = tanh(coordinate / Self.limit)
        return slope * (1 - share * share)
      }
  }

  /// Finds û, keeps it in `modes`, and returns the deviance; nil if it cannot be computed.
  ///
  /// û is found by Newton's method. d is convex, since it is a sum of logistic losses and a square:
  /// it has one minimum, and halving a step until d does not grow is enough to reach it.
  private func minimize(_ newton: LaplaceNewton) -> Double? {
    var (u, v) = modes
    var fit = newton.penalized(u, v)
    var logDeterminant = 0.0
    for _ in 0..<100 {
      guard let (system, rows, columns) = newton.system(u, v) else { return nil }
      logDeterminant = system.logDeterminant
      let step = system.solution(rows, columns)
      var length = 1.0
      repeat {
        let (tryU, tryV) = (moved(u, step.rows, length), moved(v, step.columns, length))
        let next = newton.penalized(tryU, tryV)
        if next <= fit + 1e-10 * (1 + abs(fit)) {
          (u, v, fit) = (tryU, tryV, next)
          break
        }
        length /= 2
      } while length > 1e-10
      // ln|H| belongs to the point before the step. d is flat at û, so that a small step changes it
      // in second order only, but ln|H| changes in first order. Hence the small bound.
      if (step.rows + step.columns).allSatisfy({ abs($0) < 1e-8 }) { break }
    }
    guard fit.isFinite else { return nil }
    modes = (u, v)
    return fit + logDeterminant
  }

  private func moved(_ values: [Double], _ step: [Double], _ length: Double) -> [Double] {
    values.indices.map { values[$0] + length * step[$0] }
  }
}
