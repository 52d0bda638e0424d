import Foundation
import ModelCore

/// How the probability of the explained class, usually the predicted one, changes while the features of
/// each example are removed, or brought in, in the order of an explanation.
///
/// Deletion begins with the example x and replaces the features with the largest contributions first
/// by a baseline x₀; insertion begins with the baseline and brings them in first. Both count only the
/// places where x differs from x₀, of which a share t from 0 to 1 has been changed. The area is
/// ∫₀¹ p(t) dt, by the trapezoidal rule. An explanation that finds what the model uses has a small
/// area of deletion and a large one of insertion; for a constant p both are p.
///
/// Source: V. Petsiuk, A. Das and K. Saenko, "RISE: randomized input sampling for explanation of
/// black-box models" (2018).
public struct RemovalCurves: Sendable {
  /// The shares t at which the probability is taken, from 0 to 1.
  public let shares: [Double]
  /// The probability of each example at each share: `[shares][N]`.
  public let deletion: [[Double]]
  public let insertion: [[Double]]

  /// - Parameters:
  ///   - scores: the order of each example's places, largest first, `[N, P]`: P pixels or features.
  ///   - baseline: x₀.
  ///   - steps: the number of equal parts of the shares, at least 1.
  public init(_ batch: ExplainedBatch, order scores: Tensor, baseline: Baseline, steps: Int = 20) {
    // images, start [N, C, H, W] or [N, D]; positions [N, P]; counts [N]
    let images = batch.images
    let start = baseline.inputs(like: images, in: batch.classifier.valueRange, batch.background)
    let differs = images.differs(from: start).to(.float32)
    let isChanged = (images.rank == 4 ? differs.max([1]).flattened : differs).floats()
    let (positions, counts) = Self.positions(scores.floats(), isChanged, rows: batch.count)
    let placeShape =
      images.rank == 4
      ? [batch.count, 1, images.shape[2], images.shape[3]] : images.shape
    let order = Tensor(positions, shape: placeShape).to(images.device)
    let countShape = [batch.count] + [Int](repeating: 1, count: images.rank - 1)
    let shares = (0...steps).map { Double($0) / Double(steps) }
    self.shares = shares
    var curves = [[[Double]]](repeating: [], count: 2)
    for (curve, ends) in [(images, start), (start, images)].enumerated() {
      batch.values(of: .predictedProbability, variants: shares.count) { step in
        let limits = counts.map { Float((shares[step] * Double($0)).rounded()) }
        let limit = Tensor(limits, shape: countShape).to(images.device)
        return order.isLess(than: limit).choose(ends.1, else: ends.0)
      } _: { _, found in
        curves[curve].append(found.floats().map(Double.init))
      }
    }
    deletion = curves[0]
    insertion = curves[1]
  }

  /// The area under a curve for each example.
  public static func areas(_ curve: [[Double]]) -> [Double] {
    guard let first = curve.first, let last = curve.last, curve.count > 1 else { return [] }
    return first.indices.map { example in
      let inner = curve.reduce(0) { $0 + $1[example] } - (first[example] + last[example]) / 2
      return inner / Double(curve.count - 1)
    }
  }

  /// The position of each place in its example's order, and the number of places that count. Places
  /// that do not count come last.
  private static func positions(_ scores: [Float], _ counts: [Float], rows: Int) -> (
    [Float], [Int]
  ) {
    let size = scores.count / rows
    var positions = [Float](repeating: .infinity, count: scores.count)
    let numbers = (0..<rows).map { row in
      let places = (row * size..<(row + 1) * size).filter { counts[$0] > 0 }
      let ordered = places.sorted { (scores[$0], $1) > (scores[$1], $0) }
      for (position, place) in ordered.enumerated() { positions[place] = Float(position) }
      return places.count
    }
    return (positions, numbers)
  }
}
