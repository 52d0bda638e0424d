/// A value of a computation that is being relaxed, such as the output of a layer. Its methods add
/// steps to the computation.
public struct RelaxedValue {
  let relaxation: Relaxation
  let index: Int
  /// The interval of each number, `[N, …]`.
  package let bounds: Bounds
  /// Whether each number takes every value of its interval, independently of the others.
  let isBox: Bool
  /// Whether the intervals are the smallest ones, so that nothing can improve them.
  let isTight: Bool
  /// The ball that this value lies in, with a radius of its own for each number; nil if it is not
  /// known to lie in one.
  var ball: RelaxedBall?

  /// An affine function of this value.
  /// - Parameters:
  ///   - bounds: the intervals of the result.
  ///   - keepsBoxes: whether each number of the result depends on at most one number of this value,
  ///     and no two on the same one.
  package func affine(
    _ bounds: Bounds, keepsBoxes: Bool = false, _ function: @escaping (Tensor) throws -> Tensor
  ) throws -> RelaxedValue {
    // Interval arithmetic is exact for an affine function of numbers that do not depend on each
    // other.
    var result = relaxation.add(
      .affine([index]) { try function($0[0]) }, bounds, isBox: isBox && keepsBoxes,
      isTight: isBox && isTight && (keepsBoxes || ball == nil))
    if keepsBoxes { result.ball = try ball?.mapped(function) }
    return result
  }

  /// An affine function W·x + b, with the smallest intervals if this value is the input or its
  /// normalised form.
  /// - Parameters:
  ///   - bounds: the intervals of the result, for a box.
  ///   - squared: the product of W ⊙ W and given numbers.
  func weighted(
    _ bounds: Bounds, squared: (Tensor) -> Tensor, _ function: @escaping (Tensor) -> Tensor
  ) -> RelaxedValue {
    let tighter = ball.map { ball in
      let (middle, reach) = (function(ball.center), squared(ball.spread.square).squareRoot)
      return Bounds(
        lower: bounds.lower.maximum(middle - reach), upper: bounds.upper.minimum(middle + reach))
    }
    return relaxation.add(
      .affine([index]) { function($0[0]) }, tighter ?? bounds, isTight: isBox && isTight)
  }

  /// An affine function of several values.
  package static func affine(
    _ values: [RelaxedValue], _ bounds: Bounds, _ function: @escaping ([Tensor]) throws -> Tensor
  ) -> RelaxedValue {
    values[0].relaxation.add(.affine(values.map(\.index), function), bounds)
  }

  /// A function of each number.
  /// - Parameters:
  ///   - isBent: where the lines depend on the interval, so that a tighter one helps: by default,
  ///     wherever the interval is not a single number.
  ///   - lines: the lines for given intervals.
  ///   - interval: the intervals of the result.
  package func mapped(
    bent isBent: (Bounds) -> Tensor = { $0.radius.isGreater(than: 0) },
    by lines: (Bounds) -> RelaxationLines, to interval: (Bounds) throws -> Bounds
  ) throws -> RelaxedValue {
    let input = try refined(isBent)
    return relaxation.add(.lines(index, lines(input)), try interval(input))
  }

  /// A function of which nothing but the intervals of its results is known.
  package func bounded(_ interval: (Bounds) throws -> Bounds) throws -> RelaxedValue {
    known(try interval(try refined { $0.radius.isGreater(than: 0) }))
  }

  /// A value that depends on this one, of which nothing but its intervals is known.
  package func known(_ bounds: Bounds) -> RelaxedValue { relaxation.add(.interval, bounds) }

  /// The largest number of each window, channel by channel.
  package func pooled(_ window: Window, _ bounds: Bounds) -> RelaxedValue {
    relaxation.add(.largest(index, RelaxedPooling(self.bounds, bounds, window)), bounds)
  }

  /// The intervals of this value, bounded by linear functions where that is asked for.
  private func refined(_ isWanted: (Bounds) -> Tensor) throws -> Bounds {
    guard relaxation.refines, !isTight else { return bounds }
    return try relaxation.refined(index, where: isWanted(bounds))
  }
}

/// The points c + s ⊙ δ with ‖δ‖₂ ≤ 1: a ball around c that has its own radius along each axis.
struct RelaxedBall {
  /// c, `[N, …]`.
  let center: Tensor
  /// s, in the same shape, not negative.
  let spread: Tensor

  /// The ball that an affine function of each number makes of this one.
  func mapped(_ function: (Tensor) throws -> Tensor) rethrows -> RelaxedBall {
    RelaxedBall(
      center: try function(center),
      spread: (try function(spread) - (try function(spread * 0))).absolute)
  }
}
