/// How the levels of one factor, the participants or the images, differ in a mixed logistic model.
///
/// A level adds u to the log-odds of every answer and x·w to those of a condition with the contrast
/// x, where u and w have a mean of 0. With x = −½ for the first and ½ for the second of two
/// conditions, u is the level's intercept for the average of both, and w, its slope, is the
/// difference between the two that the level adds to the average difference.
///
/// Both are written with independent standard normal numbers z, so that the search for parameters
/// meets no bounds: (u, w) = Λz, with a lower triangular Λ that holds the parameters.
public enum RandomEffect: Equatable, Sendable {
  /// All levels are equal.
  case none
  /// Levels differ in their intercept: Λ = (σ).
  case intercept
  /// Levels differ in their intercept and, independently of it, in their slope: Λ = diag(σ, τ).
  case slope
  /// As `slope`, with a correlation: Λ = (σ, 0; λ, τ).
  case correlatedSlope

  /// The number of standard normal numbers of a level.
  var dimension: Int {
    switch self {
    case .none: 0
    case .intercept: 1
    case .slope, .correlatedSlope: 2
    }
  }

  /// The number of parameters in Λ.
  var parameterCount: Int { start.count }

  /// Where the search for the parameters starts: with moderate standard deviations and without a
  /// correlation. A deviation of 0 would be a stationary point, since σ and −σ are equivalent.
  var start: [Double] {
    switch self {
    case .none: []
    case .intercept: [0.7]
    case .slope: [0.7, 0.7]
    case .correlatedSlope: [0.7, 0.7, 0]
    }
  }

  /// What each standard normal number of a level adds to the log-odds of each condition.
  /// - Parameters:
  ///   - p: `[parameterCount]`: σ, τ and λ, as far as there are any.
  ///   - contrasts: x of each condition, `[conditions]`.
  /// - Returns: `[conditions, dimension]`, row by row.
  func loadings(_ p: [Double], _ contrasts: [Double]) -> [Double] {
    switch self {
    case .none: return []
    case .intercept: return contrasts.map { _ in p[0] }
    case .slope: return contrasts.flatMap { [p[0], $0 * p[1]] }
    case .correlatedSlope: return contrasts.flatMap { [p[0] + $0 * p[2], $0 * p[1]] }
    }
  }

  /// The gradient with respect to the parameters.
  /// - Parameter ofLoadings: the gradient with respect to `loadings`, `[conditions, dimension]`.
  func gradient(_ ofLoadings: [Double], _ contrasts: [Double]) -> [Double] {
    let d = dimension
    let sum = { (k: Int, weights: [Double]) -> Double in
      weights.indices.reduce(0) { $0 + weights[$1] * ofLoadings[$1 * d + k] }
    }
    let ones = [Double](repeating: 1, count: contrasts.count)
    switch self {
    case .none: return []
    case .intercept: return [sum(0, ones)]
    case .slope: return [sum(0, ones), sum(1, contrasts)]
    case .correlatedSlope: return [sum(0, ones), sum(1, contrasts), sum(0, contrasts)]
    }
  }

  /// The standard deviations of intercepts and slopes, and the correlation of the two.
  func spread(_ p: [Double]) -> MixedLogisticModel.Spread {
    switch self {
    case .none: return .init()
    case .intercept: return .init(intercept: abs(p[0]))
    case .slope: return .init(intercept: abs(p[0]), slope: abs(p[1]))
    case .correlatedSlope:
      let slope = (p[1] * p[1] + p[2] * p[2]).squareRoot()
      // A correlation with something that does not vary has no meaning. σ and λ have the same sign
      // if the correlation is positive.
      let varies = slope > 1e-3 && abs(p[0]) > 1e-3
      return .init(
        intercept: abs(p[0]), slope: slope,
        correlation: varies ? (p[0] < 0 ? -p[2] : p[2]) / slope : nil)
    }
  }
}
