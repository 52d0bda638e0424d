import Foundation
import ModelCore

/// The changes that the Square attack makes: its start, and the squares of each query.
///
/// Both forms keep every perturbation at size ε, before pixels are clipped to the valid range: most
/// adversarial perturbations are on the boundary of the ball, and a smaller perturbation would
/// leave a part of the budget unused.
protocol SquareMoves {
  /// The starting points of the search, in the shape of `images` `[N, C, H, W]`.
  func start(_ images: Tensor, _ draws: ExampleDraws) -> Tensor
  /// The side of squares that cover a share of an image, in pixels.
  func side(share: Double, height: Int, width: Int) -> Int
  /// The images of the next query: x `[M, C, H, W]` with one square changed.
  /// - Parameter signs: −1 or 1 for each image and channel, `[M, C, 1, 1]`.
  func next(_ x: Tensor, around originals: Tensor, side: Int, signs: Tensor, _ draws: ExampleDraws)
    -> Tensor
}

/// The changes in ℓ∞: a start with vertical stripes of ±ε, and then squares of ±ε with one sign for
/// each channel.
///
/// Source: M. Andriushchenko et al. (2020), Algorithm 2.
struct StripeSquares: SquareMoves {
  let threat: ThreatModel

  func start(_ images: Tensor, _ draws: ExampleDraws) -> Tensor {
    let stripes = draws.signs([images.shape[1], 1, images.shape[3]])
    return (images + stripes * threat.epsilon).clamped(to: threat.valueRange)
  }

  func side(share: Double, height: Int, width: Int) -> Int {
    let side = (share * Double(height * width)).squareRoot().rounded()
    return min(max(Int(side), 1), height, width)
  }

  func next(_ x: Tensor, around originals: Tensor, side: Int, signs: Tensor, _ draws: ExampleDraws)
    -> Tensor
  {
    // The perturbation is between −ε and ε. Adding ±2ε and projecting to the ball makes it exactly
    // ±ε within the square, whatever it was before, and leaves the other pixels unchanged.
    let square = SquarePlace(side: side, in: x, draws).mask
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

  func start(_ images: Tensor, _ draws: ExampleDraws) -> Tensor {
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
          + SquarePlace(top: top, left: left, side: side, height: height, width: width).filled(
            bump * signs)
      }
    }
    return stretched(move, from: images)
  }

  func side(share: Double, height: Int, width: Int) -> Int {
    let side = Int((share * Double(height * width)).squareRoot().rounded())
    return min(max(side | 1, 3), height, width)
  }

  func next(_ x: Tensor, around originals: Tensor, side: Int, signs: Tensor, _ draws: ExampleDraws)
    -> Tensor
  {
    // move [M, C, H, W]: the perturbation; old, bump [M, C, side, side]: the taker before and its
    // new direction; held, length, bumpLength, oldLength [M, C, 1, 1]; unused [M, 1, 1, 1]
    let move = x - originals
    let taker = SquarePlace(side: side, in: x, draws.purpose("taker"))
    let giver = SquarePlace(side: side, in: x, draws.purpose("giver"))
    let both = taker.mask.maximum(giver.mask)
    let old = taker.cut(move)
    let oldLength = old.square.sum([2, 3], keep: true).squareRoot
    let bump = Bump.tensor(side: side, draws).to(x.device) * signs + old / (oldLength + 1e-12)
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

/// A square of an image.
private struct SquarePlace {
  let top, left, side, height, width: Int
  let device: Device

  init(top: Int, left: Int, side: Int, height: Int, width: Int, device: Device = .cpu) {
    (self.top, self.left, self.side, self.height, self.width) = (top, left, side, height, width)
    self.device = device
  }

  /// A random square of images `[M, C, H, W]`, at the same place in all of them.
  init(side: Int, in images: Tensor, _ draws: ExampleDraws) {
    let (height, width) = (images.shape[2], images.shape[3])
    self.init(
      top: draws.purpose("top").sharedInteger(below: height - side + 1),
      left: draws.purpose("left").sharedInteger(below: width - side + 1), side: side,
      height: height, width: width, device: images.device)
  }

  /// One in the square and zero elsewhere, `[1, 1, H, W]`.
  var mask: Tensor { filled(Tensor.ones([1, 1, side, side], device: device)) }

  /// `values` `[…, side, side]` in the square and zero elsewhere, `[…, H, W]`.
  func filled(_ values: Tensor) -> Tensor {
    values.padded(left: left, right: width - side - left, top: top, bottom: height - side - top)
  }

  /// The square of each image, `[M, C, side, side]`.
  func cut(_ images: Tensor) -> Tensor { images.narrow(2, top, side).narrow(3, left, side) }
}

/// A bump η, of length one: a pyramid in one half of a square, and a negative pyramid in the other
/// half.
///
/// Source: M. Andriushchenko et al. (2020), Eq. 2.
private enum Bump {
  /// The bump `[side, side]`, upright or rotated by a quarter turn, each with the same probability.
  static func tensor(side: Int, _ draws: ExampleDraws) -> Tensor {
    let upper = pyramid(side / 2, side)
    let lower = pyramid(side - side / 2, side).map { -$0 }
    let values = upper + lower
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let bump = Tensor(values.map { Float($0 / length) }, shape: [side, side])
    return draws.purpose("turn").sharedUniform() < 0.5 ? bump : bump.transposed
  }

  /// A pyramid of rows × columns, of length one: the sum over r = 0, 1, … of 1/(r + 1)² on the
  /// rectangle of the pixels at most r rows and r columns from the middle.
  private static func pyramid(_ rows: Int, _ columns: Int) -> [Double] {
    var values = [Double](repeating: 0, count: rows * columns)
    let (middleRow, middleColumn) = (rows / 2, columns / 2)
    for ring in 0..<(max(rows, columns) / 2 + 1) {
      let weight = 1 / Double((ring + 1) * (ring + 1))
      for row in max(0, middleRow - ring)..<min(rows, middleRow + ring + 1) {
        for column in max(0, middleColumn - ring)..<min(columns, middleColumn + ring + 1) {
          values[row * columns + column] += weight
        }
      }
    }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length == 0 ? values : values.map { $0 / length }
  }
}
