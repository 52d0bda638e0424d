import Evaluation
import Foundation

/// A mixed logistic model of yes-or-no answers: it estimates how often people say "yes" in each
/// condition, and takes into account that people differ and images differ.
///
/// The log-odds of a "yes" of participant p on a picture of image i in condition c are
///
///     ln(P(yes) / P(no)) = β_c + σ_P·u_p + σ_I·v_i
///
/// β_c belongs to the condition. u_p and v_i are independent standard normal numbers, one for each
/// participant and one for each image: some people say "yes" more readily than others, and so do
/// all people on some images. σ_P and σ_I are the standard deviations of the two. Participants and
/// images are crossed: an image is seen by several people and a person sees several images, so
/// answers cannot be split into independent groups.
///
/// Parameters are fitted by maximum likelihood, β, σ_P and σ_I together. u and v are integrated out
/// by Laplace's approximation (see `LaplaceDeviance`). This is the model that `glmer(y ~ 0 +
/// condition + (1 | participant) + (1 | image), family = binomial)` of R's lme4 fits, and the
/// approximation that it uses by default.
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

  /// β: for each condition, the log-odds of "yes" for an average participant and an average image
  /// (u = v = 0).
  public let estimates: [Double]
  /// The covariance matrix of `estimates`, `[conditions][conditions]`; NaN if it was not wanted or
  /// the curvature at the fit is not positive definite.
  public let covariance: [[Double]]
  /// σ_P, in log-odds; 0 if there is one participant.
  public let participantDeviation: Double
  /// σ_I, in log-odds; 0 if there is one image.
  public let imageDeviation: Double
  /// −2 times the logarithm of the likelihood at the fit.
  public let deviance: Double
  /// Whether the search reached a minimum with plausible standard deviations.
  public let isConverged: Bool

  public var logLikelihood: Double { -deviance / 2 }

  /// The standard error of a condition's log-odds.
  public func standardError(_ condition: Int) -> Double {
    covariance[condition][condition].squareRoot()
  }

  /// The standard error of the difference of two conditions' log-odds:
  /// Var(β_a − β_b) = Var β_a + Var β_b − 2 Cov(β_a, β_b).
  public func standardError(_ first: Int, minus second: Int) -> Double {
    (covariance[first][first] + covariance[second][second] - 2 * covariance[first][second])
      .squareRoot()
  }

  /// Fits the model.
  /// - Parameters:
  ///   - cells: the answers in any order. Conditions, participants and images are numbered from 0.
  ///   - conditions: the number of conditions. Each must have at least one "yes" and one "no":
  ///     otherwise the likelihood grows without end as its log-odds go to plus or minus infinity.
  ///   - hasErrors: whether `covariance` is computed. Without it standard errors are not numbers
  ///     (NaN).
  public init(_ cells: [Cell], conditions: Int, hasErrors: Bool = true) {
    // A point is [β_0, …, β_(conditions − 1), then σ of each factor with at least two levels].
    let deviance = LaplaceDeviance(cells, conditions: conditions)
    let free = deviance.parameterCount
    var start = [Double](repeating: 0, count: free)
    for condition in 0..<conditions {
      // The observed log-odds, with half an answer added to either side so that they are finite.
      let own = cells.filter { $0.condition == condition }
      let share =
        (Double(own.reduce(0) { $0 + $1.successes }) + 0.5)
        / (Double(own.reduce(0) { $0 + $1.trials }) + 1)
      start[condition] = log(share / (1 - share))
    }
    for place in conditions..<max(conditions, free) { start[place] = 0.7 }
    let found = minimum(from: start) { deviance.value($0) }
    let curvature = hasErrors ? secondDerivatives(at: found.point) { deviance.value($0) } : nil
    // The covariance of maximum likelihood estimates is the inverse of the second derivatives of
    // the negative log-likelihood. The deviance is twice that function, so the inverse of its
    // second derivatives is doubled. β and σ are inverted together, so that the errors of β include
    // that σ is estimated too.
    let inverse =
      curvature.flatMap(inverse)
      ?? [[Double]](repeating: [Double](repeating: .nan, count: free), count: free)
    estimates = Array(found.point.prefix(conditions))
    covariance = (0..<conditions).map { row in (0..<conditions).map { 2 * inverse[row][$0] } }
    // σ and −σ give the same deviance, since u and −u have the same distribution.
    let deviations = deviance.deviations(found.point)
    (participantDeviation, imageDeviation) = (abs(deviations.participant), abs(deviations.image))
    self.deviance = found.value
    // A deviation of 20 in log-odds means that people or images answer all "yes" or all "no": the
    // search is on its way to infinity.
    isConverged = found.isConverged && max(participantDeviation, imageDeviation) < 20
  }
}
