import ModelCore

/// The projection of points onto a hyperplane ⟨w, x⟩ = b within a box, for many points at once.
enum BoxedHyperplane {
  /// The smallest move δ from each point x, in ℓ∞ or ℓ2, such that x + δ is on the hyperplane and
  /// in the box. Where the hyperplane does not meet the box, the move goes as far towards it as the
  /// box allows.
  ///
  /// With e = ⟨w, x⟩ − b, the move must satisfy ⟨w, δ⟩ = −e. Each coordinate i therefore moves in
  /// the direction −sign(e)·sign(wᵢ), in which it reduces |e| by |wᵢ| per unit, and at most by the
  /// distance rᵢ to the end of the box. Under this bound the smallest move has the size
  ///
  ///     |δᵢ| = min(λ·|wᵢ|^q, rᵢ), with q = 0 in ℓ∞ and q = 1 in ℓ2
  ///
  /// for one number λ ≥ 0. In ℓ∞, λ is the largest size, and all coordinates may use it. In ℓ2, λ
  /// is the Lagrange multiplier of the condition ⟨w, δ⟩ = −e: at the minimum of Σδᵢ²/2, each free
  /// coordinate has |δᵢ| = λ·|wᵢ|.
  ///
  /// It remains to solve F(λ) = Σᵢ |wᵢ|·min(λ·|wᵢ|^q, rᵢ) = |e|. F is concave, piecewise linear and
  /// never decreases. A tangent of a concave function lies above it, so Newton's method from λ = 0
  /// never goes beyond the solution. Each step passes to a later piece, until it reaches the piece
  /// with the solution. The next step is then exact.
  ///
  /// - Parameters:
  ///   - points: x, `[N, D]`, in the box.
  ///   - normals: w, `[N, D]`.
  ///   - offsets: b, `[N]`.
  /// - Returns: δ, `[N, D]`.
  static func move(
    from points: Tensor, normals: Tensor, offsets: Tensor, norm: Norm, box: ClosedRange<Double>
  )
    -> Tensor
  {
    // excess (e), wanted (|e|), lambda, reached (F), speed (F′), missing [N, 1];
    // direction, room (r), slope (|w|), pace (|w|^q), rise (|w|^(1+q)), free [N, D]
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
      // An image is finished if all its coordinates are at the ends of the box, or if it is on the
      // hyperplane up to rounding.
      let open = speed.isGreater(than: 1e-12).and(missing.isGreater(than: wanted * 1e-6))
      guard open.any().isTrue else { break }
      lambda = lambda + open.choose(missing / speed.maximum(1e-12), else: missing * 0)
    }
    return direction * (pace * lambda).minimum(room)
  }

  /// Newton's method could take as many steps as there are pieces. For images, the move after a
  /// dozen steps is as good as exact.
  private static let newtonSteps = 12

  /// The smallest move δ in ℓ1 from each point x, such that x + δ is on the hyperplane and in the
  /// box. Where the hyperplane does not meet the box, the move goes as far towards it as the box
  /// allows.
  ///
  /// A unit of change of coordinate i reduces |e| by |wᵢ|, so no move is smaller than the one that
  /// takes the coordinates in descending order of |wᵢ|, each to the end of the box, until the
  /// hyperplane is reached. It changes the fewest coordinates whose room suffices in this order.
  /// The sum before a coordinate says how much of |e| is left for it.
  /// - Returns: δ, `[N, D]`.
  static func sparseMove(
    from points: Tensor, normals: Tensor, offsets: Tensor, box: ClosedRange<Double>
  ) -> Tensor {
    // excess (e) [N, 1]; direction, room (r), slope (|w|) [N, D]; the rest in descending order of
    // |w|: steep, gains (|w|·r), before, sizes [N, D]
    let excess = (normals * points).sum([1], keep: true) - offsets.reshaped([-1, 1])
    let direction = -(normals.sign * excess.sign)
    let room = direction.isGreater(than: 0).choose(
      box.upperBound - points, else: points - box.lowerBound)
    let slope = normals.absolute
    let (steep, order) = slope.topK(slope.shape[1], 1)
    let reach = room.gather(1, order)
    let gains = steep * reach
    let before = gains.cumulativeSum(1) - gains
    let missing = (excess.absolute - before).maximum(0)
    let sizes = (missing / steep.maximum(1e-30)).minimum(reach)
    return direction * (slope * 0).scattering(1, order, sizes)
  }
}
