import Evaluation
import Foundation

/// A logistic model of repeated answers: logit P(y) = β of the condition + an intercept of the
/// participant + one of the image, the intercepts normal with standard deviations σ of their own.
///
/// Fitted by maximum likelihood in Laplace's approximation, jointly over β and σ, as `glmer(y ~ 0 +
/// condition + (1 | participant) + (1 | image), family = binomial)` of R's lme4 does. With u the
/// intercepts in units of σ, the deviance is −2 Σ ln P(y | û) + ‖û‖² + ln|I + ΛZᵀWZΛ|, û the most
/// likely u, W = diag(p(1 − p)).
///
/// Source: D. Bates et al., "Fitting linear mixed-effects models using lme4", Journal of
/// Statistical Software 67 (2015); for generalized models the package's vignette on theory.
public struct MixedLogisticModel: Sendable {
  /// Answers of one participant on pictures of one image in one condition: how many, and how many
  /// of them "yes".
  public struct Cell: Hashable, Sendable {
    public var condition: Int
    public var participant: Int
    public var image: Int
    public var trials: Int
    public var successes: Int

    public init(condition: Int, participant: Int, image: Int, trials: Int = 1, successes: Int) {
      self.condition = condition
      self.participant = participant
      self.image = image
      self.trials = trials
      self.successes = successes
    }
  }

  /// Log-odds of "yes" in each condition for a participant and an image with intercept 0.
  public let estimates: [Double]
  /// Their covariance, from the curvature of the deviance in β and σ at its minimum.
  public let covariance: [[Double]]
  /// The standard deviations of participants' and images' intercepts.
  public let participantDeviation: Double
  public let imageDeviation: Double
  public let deviance: Double
  public let isConverged: Bool

  public var logLikelihood: Double { -deviance / 2 }

  public func standardError(_ condition: Int) -> Double {
    covariance[condition][condition].squareRoot()
  }

  /// The standard error of the difference of two conditions' log-odds.
  public func standardError(_ first: Int, minus second: Int) -> Double {
    (covariance[first][first] + covariance[second][second] - 2 * covariance[first][second])
      .squareRoot()
  }

  /// Fits the model.
  /// - Parameters:
  ///   - cells: in any order; conditions, participants and images are numbered from 0.
  ///   - conditions: how many conditions there are. Each must have a "yes" and a "no", else its
  ///     estimate would be infinite.
  ///   - hasErrors: whether the covariance is wanted; without it standard errors are no numbers.
  public init(_ cells: [Cell], conditions: Int, hasErrors: Bool = true) {
    let deviance = LaplaceDeviance(cells, conditions: conditions)
    let free = deviance.parameterCount
    var start = [Double](repeating: 0, count: free)
    for condition in 0..<conditions {
      let own = cells.filter { $0.condition == condition }
      let share =
        (Double(own.reduce(0) { $0 + $1.successes }) + 0.5)
        / (Double(own.reduce(0) { $0 + $1.trials }) + 1)
      start[condition] = log(share / (1 - share))
    }
    for place in conditions..<max(conditions, free) { start[place] = 0.7 }
    let found = minimum(from: start) { deviance.value($0) }
    let curvature = hasErrors ? secondDerivatives(at: found.point) { deviance.value($0) } : nil
    // The deviance is twice the negative log-likelihood.
    let inverse =
      curvature.flatMap(inverse)
      ?? [[Double]](repeating: [Double](repeating: .nan, count: free), count: free)
    estimates = Array(found.point.prefix(conditions))
    covariance = (0..<conditions).map { row in (0..<conditions).map { 2 * inverse[row][$0] } }
    // The deviance does not know the sign of a standard deviation.
    let deviations = deviance.deviations(found.point)
    (participantDeviation, imageDeviation) = (abs(deviations.participant), abs(deviations.image))
    self.deviance = found.value
    isConverged = found.isConverged && max(participantDeviation, imageDeviation) < 20
  }
}

/// The deviance as a function of β and σ, in Laplace's approximation.
private final class LaplaceDeviance {
  private let cells: [MixedLogisticModel.Cell]
  private let conditions: Int
  private let (participants, images): (Int, Int)
  /// The cells of one participant and one image are a group; those of an image stand in a row, in
  /// the participants' order.
  private let groups: [(participant: Int, image: Int)]
  private let groupOfCell: [Int]
  private let groupsOfImage: [Range<Int>]
  /// The intercepts found last, from which the next search starts.
  private var ofParticipants: [Double]
  private var ofImages: [Double]

  init(_ cells: [MixedLogisticModel.Cell], conditions: Int) {
    let people = Dictionary(
      uniqueKeysWithValues: Set(cells.map(\.participant)).sorted().enumerated().map { ($1, $0) })
    let pictures = Dictionary(
      uniqueKeysWithValues: Set(cells.map(\.image)).sorted().enumerated().map { ($1, $0) })
    // The larger factor is the one that is solved for first.
    let isSwapped = people.count > pictures.count
    var merged: [MixedLogisticModel.Cell: (trials: Int, successes: Int)] = [:]
    for cell in cells {
      let (a, b) = (people[cell.participant]!, pictures[cell.image]!)
      let key = MixedLogisticModel.Cell(
        condition: cell.condition, participant: isSwapped ? b : a, image: isSwapped ? a : b,
        trials: 0, successes: 0)
      let known = merged[key] ?? (0, 0)
      merged[key] = (known.trials + cell.trials, known.successes + cell.successes)
    }
    self.isSwapped = isSwapped
    self.cells = merged.map { key, counts in
      var cell = key
      (cell.trials, cell.successes) = counts
      return cell
    }.sorted { ($0.image, $0.participant, $0.condition) < ($1.image, $1.participant, $1.condition) }
    self.conditions = conditions
    participants = min(people.count, pictures.count)
    images = max(people.count, pictures.count)
    var groups: [(participant: Int, image: Int)] = []
    groupOfCell = self.cells.map { cell in
      if groups.last.map({ $0.participant != cell.participant || $0.image != cell.image }) ?? true {
        groups.append((cell.participant, cell.image))
      }
      return groups.count - 1
    }
    var start = 0
    groupsOfImage = (0..<images).map { image in
      let end = groups[start...].firstIndex { $0.image != image } ?? groups.count
      defer { start = end }
      return start..<end
    }
    self.groups = groups
    ofParticipants = [Double](repeating: 0, count: participants)
    ofImages = [Double](repeating: 0, count: images)
  }

  private let isSwapped: Bool

  /// Conditions, then a standard deviation for each factor that has at least two levels.
  var parameterCount: Int { conditions + (participants > 1 ? 1 : 0) + (images > 1 ? 1 : 0) }

  private func scales(_ point: [Double]) -> (Double, Double) {
    let rest = Array(point.dropFirst(conditions))
    return (participants > 1 ? rest[0] : 0, images > 1 ? rest[rest.count - 1] : 0)
  }

  func deviations(_ point: [Double]) -> (participant: Double, image: Double) {
    let (small, large) = scales(point)
    return isSwapped ? (large, small) : (small, large)
  }

  func value(_ point: [Double]) -> Double {
    let (scaleP, scaleI) = scales(point)
    var (p, i) = (ofParticipants, ofImages)
    var fit = penalized(point, p, i, scaleP, scaleI)
    var logDeterminant = 0.0
    for _ in 0..<100 {
      guard let step = newtonStep(point, p, i, scaleP, scaleI) else { return .infinity }
      logDeterminant = step.logDeterminant
      var length = 1.0
      var next = fit
      repeat {
        let (tryP, tryI) = (moved(p, step.participants, length), moved(i, step.images, length))
        next = penalized(point, tryP, tryI, scaleP, scaleI)
        if next <= fit + 1e-10 * (1 + abs(fit)) {
          (p, i) = (tryP, tryI)
          break
        }
        length /= 2
      } while length > 1e-10
      fit = next
      // The determinant is taken before the step and, unlike the rest, changes with it in the first
      // order.
      if step.size < 1e-10 { break }
    }
    guard fit.isFinite else { return .infinity }
    (ofParticipants, ofImages) = (p, i)
    return fit + logDeterminant
  }

  private func moved(_ values: [Double], _ step: [Double], _ length: Double) -> [Double] {
    values.indices.map { values[$0] + length * step[$0] }
  }

  /// −2 Σ ln P(y | u) + ‖u‖²
  private func penalized(
    _ point: [Double], _ p: [Double], _ i: [Double], _ scaleP: Double, _ scaleI: Double
  ) -> Double {
    var sum = 0.0
    for cell in cells {
      let logit = point[cell.condition] + scaleP * p[cell.participant] + scaleI * i[cell.image]
      // ln(1 + eˣ) without overflow.
      let soft = max(logit, 0) + log1p(exp(-abs(logit)))
      sum += Double(cell.successes) * logit - Double(cell.trials) * soft
    }
    return -2 * sum + p.reduce(0) { $0 + $1 * $1 } + i.reduce(0) { $0 + $1 * $1 }
  }

  /// Newton's step for u and the logarithm of its matrix' determinant at u, by Schur's complement:
  /// images are a diagonal block.
  private func newtonStep(
    _ point: [Double], _ p: [Double], _ i: [Double], _ scaleP: Double, _ scaleI: Double
  ) -> (participants: [Double], images: [Double], size: Double, logDeterminant: Double)? {
    let n = participants
    var matrix = [Double](repeating: 0, count: n * n)
    var right = p.map { -$0 }
    for k in 0..<n { matrix[k * n + k] = 1 }
    var rightOfImages = i.map { -$0 }
    var diagonal = [Double](repeating: 1, count: images)
    var weights = [Double](repeating: 0, count: groups.count)
    for (place, cell) in cells.enumerated() {
      let logit = point[cell.condition] + scaleP * p[cell.participant] + scaleI * i[cell.image]
      let probability = 1 / (1 + exp(-logit))
      let residual = Double(cell.successes) - Double(cell.trials) * probability
      let weight = Double(cell.trials) * probability * (1 - probability)
      weights[groupOfCell[place]] += weight
      right[cell.participant] += scaleP * residual
      rightOfImages[cell.image] += scaleI * residual
      matrix[cell.participant * n + cell.participant] += scaleP * scaleP * weight
      diagonal[cell.image] += scaleI * scaleI * weight
    }
    let mixed = scaleP * scaleI
    for (image, range) in groupsOfImage.enumerated() {
      for a in range {
        let cross = mixed * weights[a] / diagonal[image]
        let row = groups[a].participant
        right[row] -= cross * rightOfImages[image]
        // The lower triangle is all that is read.
        for b in range.lowerBound...a {
          matrix[row * n + groups[b].participant] -= cross * mixed * weights[b]
        }
      }
    }
    guard let factor = choleskyFactor(matrix, n) else { return nil }
    let step = solved(factor, right, n)
    var stepOfImages = rightOfImages
    for (group, weight) in zip(groups, weights) {
      stepOfImages[group.image] -= mixed * weight * step[group.participant]
    }
    for image in 0..<images { stepOfImages[image] /= diagonal[image] }
    let logDeterminant =
      diagonal.reduce(0) { $0 + log($1) } + (0..<n).reduce(0) { $0 + 2 * log(factor[$1 * n + $1]) }
    let size = max(step.map(abs).max() ?? 0, stepOfImages.map(abs).max() ?? 0)
    return (step, stepOfImages, size, logDeterminant)
  }
}
