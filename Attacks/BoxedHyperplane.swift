import ModelCore

/// The nearest point of a hyperplane w·z = b that lies in a box, for many points at once.
enum BoxedHyperplane {
  /// The move from each point to its hyperplane, smallest in ℓ∞ or ℓ2, that stays in the box; as
  /// far as the box allows where the hyperplane lies outside.
  ///
  /// The move is −s·min(λ·|w|^q, room) per coordinate, q = 0 in ℓ∞ and 1 in ℓ2, with the sign s
  /// that leads to the plane. How far that gets, as a function of λ, is concave and piecewise
  /// linear, so Newton's steps from below end at the solution.
  static func move(
    from points: Tensor, normals: Tensor, offsets: Tensor, norm: Norm, box: ClosedRange<Double>
  )
    -> Tensor
  {
    // points, normals [N, D], offsets [N]
    let excess = (normals * points).sum([1], keep: true) - offsets.reshaped([-1, 1])
    let direction = -(normals.sign * excess.sign)
    let room = direction.isGreater(than: 0).choose(
      box.upperBound - points, else: points - box.lowerBound)
    let slope = normals.absolute
    let pace = norm == .linf ? Tensor.ones([1, 1], device: points.device) : slope
    let rise = slope * pace
    let wanted = excess.absolute
    var lambda = wanted * 0
    for _ in 0..<newtonSteps {
      let free = (pace * lambda).isLess(than: room).to(.float32)
      let reached = (slope * (pace * lambda).minimum(room)).sum([1], keep: true)
      let speed = (rise * free).sum([1], keep: true)
      let missing = wanted - reached
      // Where nothing is free any more the box ends the move; where the plane is reached only
      // rounding is left.
      let open = speed.isGreater(than: 1e-12).and(missing.isGreater(than: wanted * 1e-6))
      guard open.any().isTrue else { break }
      lambda = lambda + open.choose(missing / speed.maximum(1e-12), else: missing * 0)
    }
    return direction * (pace * lambda).minimum(room)
  }

  /// Each step passes at least one corner of the function; a dozen is as good as exact for images.
  private static let newtonSteps = 12
}
