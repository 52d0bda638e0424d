import ModelCore

/// Squares of the images of a batch, in which the Square attack changes them.
protocol SquarePlaces {
  /// One in the squares and zero elsewhere, in a shape that fits images `[M, C, H, W]`.
  var mask: Tensor { get }
  /// The squares of images `[M, C, H, W]`: either cut out, or whole images with zeros elsewhere.
  func cut(_ images: Tensor) -> Tensor
  /// Whole images `[M, C, H, W]` with values in the form of `cut` in the squares, and zeros
  /// elsewhere.
  func filled(_ values: Tensor) -> Tensor
  /// A bump in each square, in the form of `cut`.
  func bump(_ draws: ExampleDraws) -> Tensor
}

/// A square at the same place in all images.
struct SharedSquare: SquarePlaces {
  let top, left, side, height, width: Int
  let device: Device

  init(top: Int, left: Int, side: Int, height: Int, width: Int, device: Device = .cpu) {
    (self.top, self.left, self.side, self.height, self.width) = (top, left, side, height, width)
    self.device = device
  }

  /// A random square of images `[M, C, H, W]`.
  init(side: Int, in images: Tensor, _ draws: ExampleDraws) {
    let (height, width) = (images.shape[2], images.shape[3])
    self.init(
      top: draws.purpose("top").sharedInteger(below: height - side + 1),
      left: draws.purpose("left").sharedInteger(below: width - side + 1), side: side,
      height: height, width: width, device: images.device)
  }

  var mask: Tensor { filled(Tensor.ones([1, 1, side, side], device: device)) }

  /// `values` `[…, side, side]` in the square and zero elsewhere, `[…, H, W]`.
  func filled(_ values: Tensor) -> Tensor {
    values.padded(left: left, right: width - side - left, top: top, bottom: height - side - top)
  }

  /// The square of each image, `[M, C, side, side]`.
  func cut(_ images: Tensor) -> Tensor { images.narrow(2, top, side).narrow(3, left, side) }

  func bump(_ draws: ExampleDraws) -> Tensor { Bump.tensor(side: side, draws).to(device) }
}

/// A square of its own for each image, which contains a pixel of the image's region. Only pixels of
/// the region are in the mask.
///
/// A square at a place that all images share would often miss the region of an image, and the query
/// would be lost.
struct OwnSquares: SquarePlaces {
  private let squares: [SharedSquare]
  let mask: Tensor

  /// Random squares: each contains a pixel that is drawn from the region, and has a random place
  /// around it.
  /// - Parameters:
  ///   - changeable: the region, bool `[M, C, H, W]`.
  ///   - side: the side of a square for a number of pixels in the region.
  init(in changeable: Tensor, _ draws: ExampleDraws, side: (_ pixels: Int) -> Int) {
    // changeable, mask [M, C, H, W]; upTo [M, H·W]: the pixels of the region up to each pixel;
    // count, rank [M]: their number, and how many of them come before the drawn one
    let (height, width) = (changeable.shape[2], changeable.shape[3])
    let device = changeable.device
    let upTo = changeable.any([1]).to(.float32).flattened.cumulativeSum(1)
    let count = upTo.select(1, height * width - 1)
    let rank = (draws.purpose("pixel").uniform() * count).floor
    let before = upTo.isGreater(than: rank.reshaped([-1, 1])).inverted
    let pixels = before.to(.int64).sum([1]).int64s().map(Int.init)
    let (rows, columns) = (
      draws.purpose("top").uniform().floats(), draws.purpose("left").uniform().floats()
    )
    squares = zip(pixels, count.floats()).enumerated().map { image, pixel in
      let side = side(Int(pixel.1))
      func first(_ place: Int, _ share: Float, _ size: Int) -> Int {
        min(max(place - Int(share * Float(side)), 0), size - side)
      }
      return SharedSquare(
        top: first(pixel.0 / width, rows[image], height),
        left: first(pixel.0 % width, columns[image], width), side: side, height: height,
        width: width, device: device)
    }
    mask = Tensor.concatenate(squares.map(\.mask)) * changeable.to(.float32)
  }

  func cut(_ images: Tensor) -> Tensor { images * mask }
  func filled(_ values: Tensor) -> Tensor { values }

  func bump(_ draws: ExampleDraws) -> Tensor {
    let bumps = squares.map { $0.filled($0.bump(draws).reshaped([1, 1, $0.side, $0.side])) }
    return Tensor.concatenate(bumps) * mask
  }
}
