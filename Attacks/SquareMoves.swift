import Foundation
import ModelCore

/// Where a Square attack begins, and where it looks next.
protocol SquareMoves {
  func start(_ images: Tensor, _ draws: ExampleDraws) -> Tensor
  /// The side of squares that cover a share of an image.
  func side(share: Double, height: Int, width: Int) -> Int
  /// x `[M, C, H, W]` with one square changed; `signs` `[M, C, 1, 1]` are −1 or 1.
  func next(_ x: Tensor, around originals: Tensor, side: Int, signs: Tensor, _ draws: ExampleDraws)
    -> Tensor
}

/// ℓ∞: from vertical stripes of ±ε, squares of one sign of ε in each channel. Andriushchenko et
/// al., 2020, Algorithm 2.
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
    // The step is 2ε: after projection the square is at ±ε, wherever it was.
    let square = SquarePlace(side: side, in: x, draws).mask
    return threat.project(x + square * signs * (2 * threat.epsilon), around: originals)
  }
}

/// ℓ2: from a tiling with bumps, squares take a bump and the norm that another square gives up. The
/// perturbation has length ε at every query, before it is clipped. Andriushchenko et al., 2020,
/// Algorithm 3.
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
    // move [M, C, H, W], bump and old [M, C, side, side], lengths [M, C, 1, 1]
    let move = x - originals
    let taker = SquarePlace(side: side, in: x, draws.purpose("taker"))
    let giver = SquarePlace(side: side, in: x, draws.purpose("giver"))
    let both = taker.mask.maximum(giver.mask)
    let old = taker.cut(move)
    let oldLength = old.square.sum([2, 3], keep: true).squareRoot
    let bump = Bump.tensor(side: side, draws).to(x.device) * signs + old / (oldLength + 1e-12)
    let bumpLength = bump.square.sum([2, 3], keep: true).squareRoot
    // What clipping left of ε² is shared among the channels, and added to what both squares hold.
    let unused = (threat.epsilon * threat.epsilon - move.square.sum([1, 2, 3], keep: true)).maximum(
      0)
    let held = (move * both).square.sum([2, 3], keep: true)
    let length = (unused / Double(x.shape[1]) + held).squareRoot
    let moved = move * (1 - both) + taker.filled(bump / (bumpLength + 1e-12) * length)
    return stretched(moved, from: originals)
  }

  /// The perturbation brought to length ε, on the images.
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

  /// A random one in images `[M, C, H, W]`, at the same place in all of them.
  init(side: Int, in images: Tensor, _ draws: ExampleDraws) {
    let (height, width) = (images.shape[2], images.shape[3])
    self.init(
      top: draws.purpose("top").sharedInteger(below: height - side + 1),
      left: draws.purpose("left").sharedInteger(below: width - side + 1), side: side,
      height: height, width: width, device: images.device)
  }

  /// One in the square and zero elsewhere, `[1, 1, H, W]`.
  var mask: Tensor { filled(Tensor.ones([1, 1, side, side], device: device)) }

  /// Zero but for the square, which holds `values` `[…, side, side]`.
  func filled(_ values: Tensor) -> Tensor {
    values.padded(left: left, right: width - side - left, top: top, bottom: height - side - top)
  }

  func cut(_ images: Tensor) -> Tensor { images.narrow(2, top, side).narrow(3, left, side) }
}

/// η: a pyramid over one half of a square and its negative over the other, of length one.
/// Andriushchenko et al., 2020, Eq. 2.
private enum Bump {
  /// `[side, side]`, upright or turned by a quarter, each as likely.
  static func tensor(side: Int, _ draws: ExampleDraws) -> Tensor {
    let upper = pyramid(side / 2, side)
    let lower = pyramid(side - side / 2, side).map { -$0 }
    let values = upper + lower
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let bump = Tensor(values.map { Float($0 / length) }, shape: [side, side])
    return draws.purpose("turn").sharedUniform() < 0.5 ? bump : bump.transposed
  }

  /// Σ over growing rectangles around the middle of 1/(r + 1)², rows × columns, of length one.
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
