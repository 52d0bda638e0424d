import Foundation
import ModelCore

/// A linear map of the pixels along one axis of a picture, such as a smoothing or a resizing.
///
/// Separable filters are one map for the rows and one for the columns. Borders are part of a map,
/// so pictures of every size can be filtered, even if a window is larger than they are.
struct AxisMap {
  /// float32 `[out, in]`: the weight of each given pixel in each resulting one.
  let matrix: Tensor

  /// - Parameter weights: the given pixels that each resulting pixel is made of, with their weights.
  ///   Weights of the same pixel are added.
  private init(_ out: Int, from size: Int, weights: (Int) -> [(place: Int, weight: Double)]) {
    var values = [Double](repeating: 0, count: out * size)
    for row in 0..<out {
      for (place, weight) in weights(row) { values[row * size + place] += weight }
    }
    matrix = Tensor(values.map(Float.init), shape: [out, size])
  }

  /// A Gaussian filter of a standard deviation in pixels, cut off at `cut` standard deviations.
  static func gaussian(
    _ size: Int, deviation: Double, cut: Double = 4, beyond border: PictureBorder
  ) -> AxisMap {
    let radius = Int(cut * deviation + 0.5)
    let line = (-radius...radius).map { offset in
      deviation > 0 ? exp(-Double(offset * offset) / (2 * deviation * deviation)) : 1
    }
    let total = line.reduce(0, +)
    return AxisMap(size, from: size) { row in
      line.indices.map { (border.place(row + $0 - radius, size), line[$0] / total) }
    }
  }

  /// An enlargement about the centre by a factor of at least 1, cut to the same size.
  ///
  /// As in the published code, ⌈size / factor⌉ pixels of the middle are enlarged, by linear
  /// interpolation between the centres of the first and the last one, and what is too much is cut
  /// off on both sides.
  static func zoom(_ size: Int, by factor: Double) -> AxisMap {
    let cropped = Int((Double(size) / factor).rounded(.up))
    let first = (size - cropped) / 2
    let grown = max(size, Int((Double(cropped) * factor).rounded(.toNearestOrEven)))
    let cut = (grown - size) / 2
    let scale = grown > 1 ? Double(cropped - 1) / Double(grown - 1) : 0
    return AxisMap(size, from: size) { row in
      let place = Double(row + cut) * scale
      let lower = min(Int(place), cropped - 1)
      let upper = min(lower + 1, cropped - 1)
      let share = place - Double(lower)
      return [(first + lower, 1 - share), (first + upper, share)]
    }
  }

  /// A reduction to `count` pixels, each the mean of those whose centres it covers, followed by an
  /// enlargement to the former size that repeats pixels: the filter "box" of the library Pillow.
  static func mosaic(_ size: Int, count: Int) -> AxisMap {
    AxisMap(size, from: size) { row in
      let block = Int((Double(row) + 0.5) * Double(count) / Double(size))
      let scale = Double(size) / Double(count)
      let (start, end) = (Double(block) * scale, Double(block + 1) * scale)
      // A centre on the border between two blocks belongs to the first of them.
      let covered = (0..<size).filter { Double($0) + 0.5 > start && Double($0) + 0.5 <= end }
      return covered.map { ($0, 1 / Double(covered.count)) }
    }
  }
}

extension PictureBorder {
  /// The pixel of an axis of `size` pixels that stands for a place beyond its ends; the place
  /// itself if it lies within.
  /// - Precondition: the border is not made of zeros.
  func place(_ place: Int, _ size: Int) -> Int {
    func modulo(_ period: Int) -> Int { ((place % period) + period) % period }
    switch self {
    case .zeros: preconditionFailure("no pixel stands for a zero")
    case .edge: return min(max(place, 0), size - 1)
    case .mirrorEdges: return min(modulo(2 * size), 2 * size - 1 - modulo(2 * size))
    case .mirrorCentres:
      guard size > 1 else { return 0 }
      return min(modulo(2 * size - 2), 2 * size - 2 - modulo(2 * size - 2))
    }
  }

  /// The pixels that stand for the places `start` to `start + count - 1` of an axis, int64.
  func places(from start: Int, count: Int, size: Int) -> Tensor {
    Tensor(labels: (start..<start + count).map { place($0, size) })
  }
}

extension Tensor {
  /// A picture `[C, H, W]` after a map of its rows and one of its columns.
  func mapped(rows: AxisMap, columns: AxisMap) -> Tensor {
    rows.matrix.matmul(self).matmul(columns.matrix.transposed)
  }
}
