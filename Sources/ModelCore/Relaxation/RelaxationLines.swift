/// Two straight lines for each number of a batch, between which a function lies while the number
/// stays in its interval [l, u]:
///
///     lowerSlope·x + lowerOffset ≤ f(x) ≤ upperSlope·x + upperOffset   for l ≤ x ≤ u
///
/// All tensors have the shape of the numbers, `[N, …]`.
package struct RelaxationLines: Sendable {
  var lowerSlope: Tensor
  var lowerOffset: Tensor
  var upperSlope: Tensor
  var upperOffset: Tensor

  /// The lines of the given images only.
  func rows(_ images: Tensor) -> RelaxationLines {
    RelaxationLines(
      lowerSlope: lowerSlope.indexSelect(0, images),
      lowerOffset: lowerOffset.indexSelect(0, images),
      upperSlope: upperSlope.indexSelect(0, images),
      upperOffset: upperOffset.indexSelect(0, images))
  }

  /// The lines for x where x is positive, and slope·x elsewhere, with a slope from 0 to 1.
  ///
  /// Where the interval has one sign, the function is a line. Elsewhere it is convex: the chord
  /// from l to u lies above it. Every line through 0 with a slope between `slope` and 1 lies below
  /// it; the steeper of both ends is taken where u > −l, because then the area between the lines is
  /// smaller. Source: H. Zhang et al., "Efficient Neural Network Robustness Certification with
  /// General Activation Functions" (2018).
  package static func relu(_ interval: Bounds, slope: Double = 0) -> RelaxationLines {
    let (l, u) = (interval.lower, interval.upper)
    let (below, above) = (l.minimum(0), u.maximum(0))
    // With l = −below and u = above of an interval around 0, the chord has the slope
    // (u − slope·l) / (u − l). Where l ≥ 0 this is 1, and where u ≤ 0 it is `slope`.
    let width = (above - below).maximum(Double(Float.leastNormalMagnitude))
    let chord = (above - below * slope) / width
    let isSteep = above.isGreater(than: -below)
    let lower = isSteep.choose(
      Tensor.ones([], device: l.device), else: Tensor.full(slope, shape: [], device: l.device))
    // The chord passes through (l, slope·l).
    let offset = below * slope - chord * below
    return RelaxationLines(
      lowerSlope: lower.expanded(l.shape), lowerOffset: l * 0, upperSlope: chord,
      upperOffset: offset)
  }

  /// The lines for a convex function: the chord above it, and the tangent in the middle of the
  /// interval below it.
  static func convex(
    _ interval: Bounds, _ function: (Tensor) -> Tensor, slope: (Tensor) -> Tensor
  ) -> RelaxationLines {
    let middle = interval.center
    let tangent = slope(middle)
    let chord = Chord(interval, function, slope: slope)
    return RelaxationLines(
      lowerSlope: tangent, lowerOffset: function(middle) - tangent * middle,
      upperSlope: chord.slope, upperOffset: chord.upperOffset)
  }

  /// The lines for a rising function that is convex below 0 and concave above it, such as the
  /// hyperbolic tangent.
  ///
  /// The upper line is the chord where it touches the curve in no point between its ends: where it
  /// is not steeper than the curve at u. Elsewhere it is a tangent in the concave part, at the
  /// middle of the interval or, if that one passes below (l, f(l)), at the first point where it
  /// does not. The lower line is the same, turned around: with g(x) = −f(−x) the line above g over
  /// [−u, −l] is the line below f over [l, u]. Source: H. Zhang et al. (2018).
  static func sigmoidal(
    _ interval: Bounds, _ function: (Tensor) -> Tensor, slope: (Tensor) -> Tensor
  ) -> RelaxationLines {
    let upper = upperLine(interval.lower, interval.upper, function, slope)
    let turned = upperLine(-interval.upper, -interval.lower, { -function(-$0) }, { slope(-$0) })
    return RelaxationLines(
      lowerSlope: turned.slope, lowerOffset: -turned.offset, upperSlope: upper.slope,
      upperOffset: upper.offset)
  }

  /// The line above such a function over [l, u].
  private static func upperLine(
    _ l: Tensor, _ u: Tensor, _ function: (Tensor) -> Tensor, _ slope: (Tensor) -> Tensor
  ) -> (slope: Tensor, offset: Tensor) {
    // Tangents at the points d of [max(l, 0), u] pass above (l, f(l)) from some d on. Bisection
    // finds it from above, so that `far` always passes above. Of those, the one in the middle of
    // the interval leaves the smallest area between line and curve.
    let value = function(l)
    func passesAbove(_ d: Tensor) -> Tensor {
      (function(d) + slope(d) * (l - d)).isGreater(than: value)
    }
    var (near, far) = (l.maximum(0).minimum(u), u.maximum(0))
    for _ in 0..<40 {
      let middle = (near + far) * 0.5
      let isAbove = passesAbove(middle)
      far = isAbove.choose(middle, else: far)
      near = isAbove.choose(near, else: middle)
    }
    let touch = far.maximum((l + u) * 0.5)
    let tangent = slope(touch)
    let tangentOffset = function(touch) - tangent * touch
    let chord = Chord(Bounds(lower: l, upper: u), function, slope: slope)
    // The chord is above the curve if the interval lies in the convex part, or if the curve at u is
    // at least as steep as the chord.
    let isChord = u.isAtMost(0).or(
      l.isLess(than: 0).and(chord.slope.isGreater(than: slope(u)).inverted))
    return (
      isChord.choose(chord.slope, else: tangent),
      isChord.choose(chord.upperOffset, else: tangentOffset)
    )
  }
}

/// The line through both ends of the curve of a rising function over an interval.
private struct Chord {
  let slope: Tensor
  /// The offset with which the line passes through the upper one of the points that it should pass
  /// through, if rounding moves them apart.
  let upperOffset: Tensor

  /// The slope of the chord of a very short interval would be lost to rounding. There, it is the
  /// slope of the curve at the upper end.
  init(_ interval: Bounds, _ function: (Tensor) -> Tensor, slope curve: (Tensor) -> Tensor) {
    let (l, u) = (interval.lower, interval.upper)
    let (low, high) = (function(l), function(u))
    let isShort = (u - l).isAtMost(1e-4)
    let quotient = (high - low) / (u - l).maximum(1e-4)
    slope = isShort.choose(curve(u), else: quotient)
    upperOffset = (low - slope * l).maximum(high - slope * u)
  }
}

/// The activations that have lines, each with its slope.
extension RelaxationLines {
  package static func sigmoid(_ interval: Bounds) -> RelaxationLines {
    // σ(x) − ½ is odd, and shifting a function shifts its lines.
    sigmoidal(interval, { $0.sigmoid - 0.5 }, slope: { $0.sigmoid * (1 - $0.sigmoid) })
      .raised(by: 0.5)
  }

  package static func tanh(_ interval: Bounds) -> RelaxationLines {
    sigmoidal(interval, { $0.tanh }, slope: { 1 - $0.tanh.square })
  }

  package static func elu(_ interval: Bounds) -> RelaxationLines {
    convex(interval, { $0.elu }, slope: { $0.minimum(0).exponential })
  }

  package static func softplus(_ interval: Bounds) -> RelaxationLines {
    convex(interval, { $0.softplus }, slope: { $0.sigmoid })
  }

  /// Where an interval contains numbers of both signs, `[N, …]`.
  package static func hasBothSigns(_ interval: Bounds) -> Tensor {
    interval.lower.isLess(than: 0).and(interval.upper.isGreater(than: 0))
  }

  private func raised(by height: Double) -> RelaxationLines {
    var lines = self
    lines.lowerOffset = lowerOffset + height
    lines.upperOffset = upperOffset + height
    return lines
  }
}
