import Foundation

/// The deviance −2 ln L(β, σ) of a mixed logistic model, in Laplace's approximation.
///
/// L is the probability of the answers y with the intercepts u of participants and images
/// integrated out. With all intercepts in one vector u of q standard normal numbers, and
///
///     d(u) = −2 Σ ln P(y | u) + ‖u‖²         (the penalized deviance)
///
/// it is L = (2π)^(−q/2) ∫ exp(−d(u)/2) du, an integral over q dimensions that has no closed form.
/// Laplace's approximation replaces d by its Taylor polynomial of second order at its minimum û:
/// d(u) ≈ d(û) + (u − û)ᵀ H (u − û). The integral is then that of a normal density, and
///
///     −2 ln L ≈ d(û) + ln|H|,    H = I + ΛZᵀWZΛ
///
/// H is half of the matrix of second derivatives of d. Z says which intercepts belong to an answer,
/// Λ is diagonal with the standard deviation σ of each intercept, and W is diagonal with the
/// variances p(1 − p) of the answers. No binomial coefficient enters, because answers are counted
/// one by one and cells only gather equal ones.
///
/// Source: the vignette on theory in R's lme4 package. lme4 finds û by penalized iteratively
/// reweighted least squares, which for log-odds is Newton's method, as here.
///
/// It is a class because each evaluation starts its search for û from the û of the one before.
final class LaplaceDeviance {
  /// Equal answers gathered, sorted by image, participant and condition.
  private let cells: [MixedLogisticModel.Cell]
  private let conditions: Int
  /// The number of levels of the smaller and of the larger factor. Inside this class the factor
  /// with fewer levels is called participants and the other one images; `isSwapped` says whether
  /// that is the other way round for the caller.
  private let (participants, images): (Int, Int)
  private let isSwapped: Bool
  /// The pairs of participant and image that occur. The pairs of one image are adjacent, in the
  /// order of participants.
  private let groups: [(participant: Int, image: Int)]
  /// For each cell, the place of its pair in `groups`.
  private let groupOfCell: [Int]
  private let groupsOfImage: [Range<Int>]
  /// û of the last evaluation.
  private var ofParticipants: [Double]
  private var ofImages: [Double]

  init(_ cells: [MixedLogisticModel.Cell], conditions: Int) {
    let people = Dictionary(
      uniqueKeysWithValues: Set(cells.map(\.participant)).sorted().enumerated().map { ($1, $0) })
    let pictures = Dictionary(
      uniqueKeysWithValues: Set(cells.map(\.image)).sorted().enumerated().map { ($1, $0) })
    // Newton's step eliminates the images' block of H, which is diagonal, and factorizes a dense
    // matrix of participants. So the factor with more levels takes the place of images.
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

  /// The length of a point: β of each condition, then σ of each factor that has at least two
  /// levels. The σ of a factor with one level cannot be told from β and is 0.
  var parameterCount: Int { conditions + (participants > 1 ? 1 : 0) + (images > 1 ? 1 : 0) }

  /// σ of the smaller and of the larger factor at a point.
  private func scales(_ point: [Double]) -> (Double, Double) {
    let rest = Array(point.dropFirst(conditions))
    return (participants > 1 ? rest[0] : 0, images > 1 ? rest[rest.count - 1] : 0)
  }

  /// σ of the caller's participants and images at a point.
  func deviations(_ point: [Double]) -> (participant: Double, image: Double) {
    let (small, large) = scales(point)
    return isSwapped ? (large, small) : (small, large)
  }

  /// The deviance at a point; infinity where it cannot be computed.
  ///
  /// û is found by Newton's method. d is convex, since it is a sum of logistic losses and a square:
  /// it has one minimum, and halving a step until d does not grow is enough to reach it.
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
      // ln|H| belongs to the point before the step. d is flat at û, so that a small step changes it
      // in second order only, but ln|H| changes in first order. Hence the small bound.
      if step.size < 1e-10 { break }
    }
    guard fit.isFinite else { return .infinity }
    (ofParticipants, ofImages) = (p, i)
    return fit + logDeterminant
  }

  private func moved(_ values: [Double], _ step: [Double], _ length: Double) -> [Double] {
    values.indices.map { values[$0] + length * step[$0] }
  }

  /// d(u) = −2 Σ ln P(y | u) + ‖u‖².
  ///
  /// With the log-odds η of a cell, ln P(yes) = η − ln(1 + e^η) and ln P(no) = −ln(1 + e^η), so a
  /// cell adds successes·η − trials·ln(1 + e^η) to the log-likelihood.
  private func penalized(
    _ point: [Double], _ p: [Double], _ i: [Double], _ scaleP: Double, _ scaleI: Double
  ) -> Double {
    var sum = 0.0
    for cell in cells {
      let logit = point[cell.condition] + scaleP * p[cell.participant] + scaleI * i[cell.image]
      // ln(1 + e^η) without overflow.
      let soft = max(logit, 0) + log1p(exp(-abs(logit)))
      sum += Double(cell.successes) * logit - Double(cell.trials) * soft
    }
    return -2 * sum + p.reduce(0) { $0 + $1 * $1 } + i.reduce(0) { $0 + $1 * $1 }
  }

  /// Newton's step δ for u and ln|H|, both at u.
  ///
  /// Half of the gradient of d is u − ΛZᵀ(y − μ), with μ = trials·p the expected number of "yes" of
  /// a cell, so δ solves Hδ = ΛZᵀ(y − μ) − u. By participants and images, with w = trials·p(1 − p)
  /// of the pairs,
  ///
  ///     H = ( A   B )    A = diag(1 + σ_P² Σ w)    B[p, i] = σ_P σ_I w of the pair p, i
  ///         ( Bᵀ  D )    D = diag(1 + σ_I² Σ w)
  ///
  /// Eliminating the images leaves Schur's complement S = A − B D⁻¹ Bᵀ, a dense matrix with a row
  /// for each participant, and S δ_P = r_P − B D⁻¹ r_I; then δ_I = D⁻¹ (r_I − Bᵀ δ_P), and
  /// ln|H| = ln|D| + ln|S|.
  /// - Returns: δ, its largest entry and ln|H|; nil if S is not positive definite.
  private func newtonStep(
    _ point: [Double], _ p: [Double], _ i: [Double], _ scaleP: Double, _ scaleI: Double
  ) -> (participants: [Double], images: [Double], size: Double, logDeterminant: Double)? {
    // matrix [n, n] is A and becomes S; right [n] is r_P; rightOfImages [images] is r_I.
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
        // The Cholesky factorization reads the lower triangle only.
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
    // S = LLᵀ, so that ln|S| is twice the sum of the logarithms of L's diagonal.
    let logDeterminant =
      diagonal.reduce(0) { $0 + log($1) } + (0..<n).reduce(0) { $0 + 2 * log(factor[$1 * n + $1]) }
    let size = max(step.map(abs).max() ?? 0, stepOfImages.map(abs).max() ?? 0)
    return (step, stepOfImages, size, logDeterminant)
  }
}
