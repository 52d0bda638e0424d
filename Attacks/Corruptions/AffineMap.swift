import Foundation
import ModelCore

/// The places of all pixels of a picture: rows and columns from 0, float32 `[1, H, W]` each.
struct PixelPlaces {
  let rows: Tensor
  let columns: Tensor

  init(rows: Tensor, columns: Tensor) {
    self.rows = rows
    self.columns = columns
  }

  init(height: Int, width: Int, device: Device = .cpu) {
    let shape = [1, height, width]
    rows = Tensor.range(height, device: device).to(.float32).reshaped([1, height, 1])
      .expanded(shape)
    columns = Tensor.range(width, device: device).to(.float32).reshaped([1, 1, width])
      .expanded(shape)
  }
}

/// An affine map of the plane: (x, y) → (a·x + b·y + c, d·x + e·y + f), with x along the columns
/// and y along the rows.
struct AffineMap {
  var a: Double, b: Double, c: Double
  var d: Double, e: Double, f: Double

  /// Where the map leads to from the places of pixels.
  func places(_ places: PixelPlaces) -> PixelPlaces {
    PixelPlaces(
      rows: places.columns * d + places.rows * e + f,
      columns: places.columns * a + places.rows * b + c)
  }

  /// The map that undoes this one.
  /// - Precondition: the map does not lead to a line or a point.
  var inverse: AffineMap {
    let determinant = a * e - b * d
    let (p, q, r, s) = (e / determinant, -b / determinant, -d / determinant, a / determinant)
    return AffineMap(a: p, b: q, c: -(p * c + q * f), d: r, e: s, f: -(r * c + s * f))
  }

  /// The inverse of the map that moves three corners of the square in the middle of a picture: from
  /// each pixel of the result to the place in the picture that it shows.
  ///
  /// The square reaches from the centre a third of the shorter side to each direction.
  /// - Parameter shifts: how far the corners at the lower right, the upper right and the upper left
  ///   move, x and y of each.
  static func movingCorners(height: Int, width: Int, by shifts: [Double]) -> AffineMap {
    // As published, the first number of a corner comes from the height and is used as x.
    let (x, y) = (Double(height / 2), Double(width / 2))
    let reach = Double(min(height, width) / 3)
    let corners = [(x + reach, y + reach), (x + reach, y - reach), (x - reach, y - reach)]
    let moved = corners.enumerated().map { place, corner in
      (x: corner.0 + shifts[2 * place], y: corner.1 + shifts[2 * place + 1])
    }
    // From the second corner, the first one is 2·reach below, and the third one 2·reach to the
    // left.
    guard reach > 0 else { return AffineMap(a: 1, b: 0, c: 0, d: 0, e: 1, f: 0) }
    let side = 2 * reach
    let (a, d) = ((moved[1].x - moved[2].x) / side, (moved[1].y - moved[2].y) / side)
    let (b, e) = ((moved[0].x - moved[1].x) / side, (moved[0].y - moved[1].y) / side)
    let forward = AffineMap(
      a: a, b: b, c: moved[2].x - a * corners[2].0 - b * corners[2].1,
      d: d, e: e, f: moved[2].y - d * corners[2].0 - e * corners[2].1)
    return forward.inverse
  }
}
