import Foundation
import ModelCore

/// A square window of weights, for the blur of a lens out of focus.
struct BlurWindow {
  /// float32 `[1, 1, side, side]`, with a sum of 1 except for rounding at its edges.
  let weights: Tensor
  let side: Int

  /// A disk whose edge is smoothed by a Gaussian filter of a standard deviation in pixels.
  ///
  /// Up to a radius of 8 the window has 17x17 pixels and the filter 3x3; beyond, the window is as
  /// large as the disk and the filter 5x5.
  static func disk(radius: Double, edge deviation: Double) -> BlurWindow {
    let reach = radius <= 8 ? 8 : Int(radius)
    let side = 2 * reach + 1
    let offsets = (-reach...reach).map(Double.init)
    let inside = offsets.flatMap { y in offsets.map { x in x * x + y * y <= radius * radius } }
    let share = 1 / Float(inside.count { $0 })
    let disk = Tensor(inside.map { $0 ? share : 0 }, shape: [1, side, side])
    let cut = (radius <= 8 ? 1 : 2) / deviation
    let smoothing = AxisMap.gaussian(side, deviation: deviation, cut: cut, beyond: .mirrorCentres)
    let smooth = disk.mapped(rows: smoothing, columns: smoothing)
    return BlurWindow(weights: smooth.reshaped([1, 1, side, side]), side: side)
  }

  /// The weighted means of a picture `[C, H, W]`, which is mirrored at the centres of its outer
  /// pixels.
  func applied(to x: Tensor) -> Tensor {
    let (channels, height, width) = (x.shape[0], x.shape[1], x.shape[2])
    let reach = side / 2
    let border = PictureBorder.mirrorCentres
    let rows = border.places(from: -reach, count: height + 2 * reach, size: height)
    let columns = border.places(from: -reach, count: width + 2 * reach, size: width)
    let padded = x.indexSelect(1, rows).indexSelect(2, columns)
    let blurred = padded.reshaped([channels, 1, height + 2 * reach, width + 2 * reach])
      .convolved(weights, bias: nil, window: Window(kernel: Pair(side, side)))
    return blurred.reshaped(x.shape)
  }
}

/// A streak: the weights with which a moving point leaves its trace.
struct Streak {
  /// The weight of the point and of each place behind it; their sum is 1.
  let weights: [Double]

  /// As in the library ImageMagick: one half of a Gaussian distribution of a standard deviation in
  /// pixels, with 2·radius + 1 weights.
  init(radius: Int, deviation: Double) {
    let half = (0...2 * radius).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let total = half.reduce(0, +)
    weights = half.map { $0 / total }
  }

  /// A picture `[C, H, W]` in motion at an angle in degrees, clockwise from the right. Its edges
  /// continue outwards.
  func applied(to x: Tensor, angle: Double) -> Tensor {
    let (height, width) = (x.shape[1], x.shape[2])
    let (sine, cosine) = (sin(angle * .pi / 180), cos(angle * .pi / 180))
    var sum = x * 0
    for (place, weight) in weights.enumerated() {
      let down = Int((Double(place) * sine - 0.5).rounded(.up))
      let right = Int((Double(place) * cosine - 0.5).rounded(.up))
      let rows = PictureBorder.edge.places(from: down, count: height, size: height)
      let columns = PictureBorder.edge.places(from: right, count: width, size: width)
      sum = sum + x.indexSelect(1, rows).indexSelect(2, columns) * weight
    }
    return sum
  }
}
