import Foundation
import Support

/// A mixed logistic model of yes-or-no answers: it estimates how often people say "yes" in each
/// condition, and takes into account that people differ and images differ.
///
/// The log-odds of a "yes" of participant p on a picture of image i in condition c are
///
///     ln(P(yes) / P(no)) = β_c + u_p + x_c·w_p + v_i + x_c·s_i
///
/// β_c belongs to the condition. The random effects u, w, v and s have a mean of 0 and are normally
/// distributed: some people say "yes" more readily than others (u), and so do all people on some
/// images (v). With two conditions and the contrasts x = −½ and ½, the difference between the two
/// conditions also differs from person to person (w) and from image to image (s); see
/// `RandomEffect`. Participants and images are crossed: an image is seen by several people and a
/// person sees several images, so answers cannot be split into independent groups.
///
/// All parameters, β and those of the random effects, are fitted together by maximum likelihood.
/// The random effects are integrated out by Laplace's approximation (see `LaplaceDeviance`). With
/// correlated slopes of participants and independent slopes of images, this is the model that
/// `glmer(y ~ 0 + condition + (1 + x | participant) + (1 + x || image), family = binomial)` of R's
/// lme4 fits, and the approximation that it uses by default.
///
/// Source: D. Bates et al., "Fitting linear mixed-effects models using lme4", Journal of
/// Statistical Software 67 (2015), for the scaling of random effects by their standard deviations;
/// the vignette on theory in the lme4 package for generalized models.
public struct MixedLogisticModel: Sendable {
  /// The answers of one participant on pictures of one image in one condition.
  public struct Cell: Hashable, Sendable {
    public var condition: Int
    public var participant: Int
    public var image: Int
    /// The number of answers.
    public var trials: Int
    /// How many of the answers are "yes".
    public var successes: Int

    public init(condition: Int, participant: Int, image: Int, trials: Int = 1, successes: Int) {
      self.condition = condition
      self.participant = participant
      self.image = image
      self.trials = trials
      self.successes = successes
    }
  }

  /// Which β each condition has, which contrast, and how participants and images differ.
  public struct Design: Sendable {
    /// For each condition, the number of its β, counted from 0. Conditions may share one. Each β
    /// needs at least one "yes" and one "no": otherwise the likelihood grows without end as it goes
    /// to plus or minus infinity.
    public var coefficients: [Int]
    /// x of each condition.
    public var contrasts: [Double]
    public var participants: RandomEffect
    public var images: RandomEffect

    public init(
      coefficients: [Int], contrasts: [Double], participants: RandomEffect, images: RandomEffect
    ) {
      precondition(coefficients.count == contrasts.count, "a contrast for each condition")
      self.coefficients = coefficients
      self.contrasts = contrasts
      self.participants = participants
      self.images = images
    }

    /// Conditions with a β each, and participants and images that differ in their intercepts only.
    public static func intercepts(
      conditions: Int, participants: RandomEffect = .intercept, images: RandomEffect = .intercept
    ) -> Design {
      Design(
        coefficients: Array(0..<conditions),
        contrasts: [Double](repeating: 0, count: conditions),
        participants: participants, images: images)
    }

    /// The number of different β.
    var fixedCount: Int { (coefficients.max() ?? -1) + 1 }
  }

  /// How much the levels of a factor differ, in log-odds.
  public struct Spread: Codable, Equatable, Sendable {
    /// The standard deviation of intercepts; nil if the model has none.
    public var intercept: Double?
    /// The standard deviation of slopes: of the difference between the second and the first
    /// condition. Nil if the model has no slopes.
    public var slope: Double?
    /// The correlation of intercept and slope, −1 to 1; nil if the model has none, or if either
    /// standard deviation is 0.
    public var correlation: Double?
  }

  /// β.
  public let estimates: [Double]
  /// The covariance matrix of `estimates`; NaN if it was not wanted or the curvature at the fit is
  /// not positive definite.
  public let covariance: [[Double]]
  public let participants: Spread
  public let images: Spread
  /// −2 times the logarithm of the likelihood at the fit.
  public let deviance: Double
  /// Whether the search reached a minimum. A standard deviation may be at the limit of the search
  /// there (`LaplaceDeviance.limit`).
  public let isConverged: Bool

  public var logLikelihood: Double { -deviance / 2 }

  /// The standard error of β number `place`.
  public func standardError(_ place: Int) -> Double { covariance[place][place].squareRoot() }

  /// The standard error of the difference of two β:
  /// Var(β_a − β_b) = Var β_a + Var β_b − 2 Cov(β_a, β_b).
  public func standardError(_ first: Int, minus second: Int) -> Double {
    (covariance[first][first] + covariance[second][second] - 2 * covariance[first][second])
      .squareRoot()
  }

  /// Fits the model.
  /// - Parameters:
  ///   - cells: the answers in any order. Conditions, participants and images are numbered from 0.
  ///   - design: the model. What the answers do not identify must be left out of it
  ///     (`IdentifiedEffects`).
  ///   - hasErrors: whether `covariance` is computed. Without it standard errors are not numbers
  ///     (NaN).
  public init(_ cells: [Cell], _ design: Design, hasErrors: Bool = true) {
    let deviance = LaplaceDeviance(cells, design)
    let fixed = design.fixedCount
    var start = [Double](repeating: 0, count: fixed) + design.participants.start
    start += design.images.start
    for place in 0..<fixed {
      // The observed log-odds, with half an answer added to either side so that they are finite.
      let own = cells.filter { design.coefficients[$0.condition] == place }
      let share =
        (Double(own.reduce(0) { $0 + $1.successes }) + 0.5)
        / (Double(own.reduce(0) { $0 + $1.trials }) + 1)
      start[place] = log(share / (1 - share))
    }
    let found = minimum(from: start, deviance.value, gradient: deviance.gradient)
    estimates = Array(found.point.prefix(fixed))
    covariance =
      (hasErrors ? Self.covariance(deviance, found.point, fixed) : nil)
      ?? [[Double]](repeating: [Double](repeating: .nan, count: fixed), count: fixed)
    let parameters = deviance.parameters(found.point)
    participants = design.participants.spread(parameters.participants)
    images = design.images.spread(parameters.images)
    self.deviance = found.value
    isConverged = found.isConverged
  }

  /// The covariance of the β at a fit; nil if the curvature is not positive definite.
  ///
  /// The covariance of maximum likelihood estimates is the inverse of the second derivatives of the
  /// negative log-likelihood. The deviance is twice that function, so the inverse of its second
  /// derivatives is doubled. All parameters are inverted together, so that the errors of β include
  /// that the others are estimated too.
  private static func covariance(
    _ deviance: LaplaceDeviance, _ point: [Double], _ fixed: Int
  ) -> [[Double]]? {
    guard var curvature = secondDerivatives(at: point, gradient: deviance.gradient) else {
      return nil
    }
    // Where the standard deviation of intercepts is 0, λ and τ of the slopes enter by λ² + τ² only,
    // so that the deviance is flat in one direction. So it is at the limit of a parameter. A little curvature makes the matrix invertible
    // and changes the errors of β by less than a thousandth.
    for place in fixed..<point.count { curvature[place][place] += 1e-3 }
    return inverse(curvature).map { inverse in
      (0..<fixed).map { row in (0..<fixed).map { 2 * inverse[row][$0] } }
    }
  }
}
