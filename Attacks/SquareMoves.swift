import ModelCore

/// The changes that the Square attack makes: its start, and the squares of each query.
///
/// Both forms keep every perturbation at size ε, before pixels are clipped to the valid range: most
/// adversarial perturbations are on the boundary of the ball, and a smaller perturbation would
/// leave a part of the budget unused.
///
/// Where images may change only in a region, each image has squares of its own (`OwnSquares`), and
/// they change the region alone.
protocol SquareMoves {
  /// The starting points of the search, in the shape of `images` `[N, C, H, W]`.
  func start(_ images: Tensor, in region: Region, _ draws: ExampleDraws) -> Tensor
  /// The side of squares that cover a number of pixels, if it is not limited by the image.
  func side(covering pixels: Double) -> Int
  /// The images of the next query: x `[M, C, H, W]` with one square changed.
  /// - Parameters:
  ///   - share: the share of an image, or of its region, that a square covers.
  ///   - signs: −1 or 1 for each image and channel, `[M, C, 1, 1]`.
  func next(
    _ x: Tensor, around originals: Tensor, in region: Region, share: Double, signs: Tensor,
    _ draws: ExampleDraws
  ) -> Tensor
}

extension SquareMoves {
  /// The side of squares that cover a share of an image, in pixels.
  func side(share: Double, height: Int, width: Int) -> Int {
    min(side(covering: share * Double(height * width)), height, width)
  }

  /// Random squares of images `[M, C, H, W]`: the same for all, or, in a region, one for each.
  func places(_ share: Double, in x: Tensor, _ region: Region, _ draws: ExampleDraws)
    -> any SquarePlaces
  {
    let (height, width) = (x.shape[2], x.shape[3])
    guard let changeable = region.changeable else {
      let side = side(share: share, height: height, width: width)
      return SharedSquare(side: side, in: x, draws)
    }
    return OwnSquares(in: changeable, draws) { pixels in
      min(side(covering: share * Double(pixels)), height, width)
    }
  }
}

/// The changes in ℓ∞: a start with vertical stripes of ±ε, and then squares of ±ε with one sign for
/// each channel.
///
/// Source: M. Andriushchenko et al. (2020), Algorithm 2.
struct StripeSquares: SquareMoves {
  let threat: ThreatModel

  func start(_ images: Tensor, in region: Region, _ draws: ExampleDraws) -> Tensor {
    let stripes = draws.signs([images.shape[1], 1, images.shape[3]])
    let moved = (images + stripes * threat.epsilon).clamped(to: threat.valueRange)
    return region.limited(moved, around: images)
  }

  func side(covering pixels: Double) -> Int { max(Int(pixels.squareRoot().rounded()), 1) }

  func next(
    _ x: Tensor, around originals: Tensor, in region: Region, share: Double, signs: Tensor,
    _ draws: ExampleDraws
  ) -> Tensor {
    // The perturbation is between −ε and ε. Adding ±2ε and projecting to the ball makes it exactly
    // ±ε within the square, whatever it was before, and leaves the other pixels unchanged.
    let square = places(share, in: x, region, draws).mask
    return threat.project(x + square * signs * (2 * threat.epsilon), around: originals)
  }
}

/// The changes in ℓ2: a start with a tiling of bumps, and then squares in which a bump is added.
///
/// In each query, one square (the taker) receives a bump, together with the length that another
/// square (the giver) loses: the giver is set to zero. The perturbation thus has length ε at each
/// query, before pixels are clipped.
///
/// Source: M. Andriushchenko et al. (2020), Algorithm 3.
struct BumpSquares: SquareMoves {
  let threat: ThreatModel

  func start(_ images: Tensor, in region: Region, _ draws: ExampleDraws) -> Tensor {
    // images [N, C, H, W]
    let (height, width) = (images.shape[2], images.shape[3])
    let side = max(1, min(height, width) / 5)
    var move = images * 0
    for top in stride(from: height % side / 2, through: height - side, by: side) {
      for left in stride(from: width % side / 2, through: width - side, by: side) {
        let own = draws.purpose("bump \(top) \(left)")
        let bump = Bump.tensor(side: side, own).to(images.device)
        let signs = own.signs([images.shape[1], 1, 1])
        move =
          move
          + SharedSquare(top: top, left: left, side: side, height: height, width: width).filled(
            bump * signs)
      }
    }
    return stretched(region.limited(move), from: images)
  }

  func side(covering pixels: Double) -> Int {
    max(Int(pixels.squareRoot().rounded()) | 1, 3)
  }

  func next(
    _ x: Tensor, around originals: Tensor, in region: Region, share: Double, signs: Tensor,
    _ draws: ExampleDraws
  ) -> Tensor {
    // move [M, C, H, W]: the perturbation; old, bump (in the form of `cut`): the taker before and
    // its new direction; held, length, bumpLength, oldLength [M, C, 1, 1]; unused [M, 1, 1, 1]
    let move = x - originals
    let taker = places(share, in: x, region, draws.purpose("taker"))
    let giver = places(share, in: x, region, draws.purpose("giver"))
    let both = taker.mask.maximum(giver.mask)
    let old = taker.cut(move)
    let oldLength = old.square.sum([2, 3], keep: true).squareRoot
    let bump = taker.bump(draws) * signs + old / (oldLength + 1e-12)
    let bumpLength = bump.square.sum([2, 3], keep: true).squareRoot
    // Squared lengths add up over disjoint pixels. The squares hold `held` in each channel, and
    // clipping left `unused` of ε², of which each of the C channels gets an equal part. The taker
    // receives both as its new length, and the giver nothing, so that the total is ε² again.
    let unused = (threat.epsilon * threat.epsilon - move.square.sum([1, 2, 3], keep: true)).maximum(
      0)
    let held = (move * both).square.sum([2, 3], keep: true)
    let length = (unused / Double(x.shape[1]) + held).squareRoot
    let moved = move * (1 - both) + taker.filled(bump / (bumpLength + 1e-12) * length)
    return stretched(moved, from: originals)
  }

  /// The images with a perturbation of the same direction and length ε.
  private func stretched(_ move: Tensor, from originals: Tensor) -> Tensor {
    let length = threat.norm.size(move).perImage(like: move).maximum(1e-12)
    return (originals + move / length * threat.epsilon).clamped(to: threat.valueRange)
  }
}
