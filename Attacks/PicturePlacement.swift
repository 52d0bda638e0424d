import Foundation
import ModelCore

/// How a picture is rotated about its centre and then moved.
struct PicturePlacement {
  /// The angle: as a share of the largest one, from −1 to 1, or in degrees, counter-clockwise.
  var angle: Double
  /// The moves down and to the right: as shares of the largest ones, from −1 to 1, or of the height
  /// and the width.
  var down: Double
  var right: Double

  /// The placement in degrees and in shares of the sides.
  func scaled(degrees: Double, share: Double) -> PicturePlacement {
    PicturePlacement(angle: angle * degrees, down: down * share, right: right * share)
  }

  /// All combinations of equally spaced angles and moves from −1 to 1, the smallest first. One
  /// value alone is 0.
  static func grid(_ rotations: Int, _ translations: Int) -> [PicturePlacement] {
    func line(_ count: Int) -> [Double] {
      (0..<count).map { count == 1 ? 0 : -1 + 2 * Double($0) / Double(count - 1) }
    }
    let moves = line(translations)
    let all = line(rotations).flatMap { angle in
      moves.flatMap { down in
        moves.map { PicturePlacement(angle: angle, down: down, right: $0) }
      }
    }
    func size(_ place: PicturePlacement) -> Double {
      place.angle * place.angle + place.down * place.down + place.right * place.right
    }
    // Equal sizes keep their order.
    return all.enumerated().sorted {
      (size($0.element), $0.offset) < (size($1.element), $1.offset)
    }.map(\.element)
  }

  /// A placement for each example, uniform between −1 and 1 in each number.
  static func random(_ draws: ExampleDraws) -> [PicturePlacement] {
    let numbers = draws.uniform([3], in: -1..<1).floats().map(Double.init)
    return draws.examples.indices.map {
      PicturePlacement(
        angle: numbers[3 * $0], down: numbers[3 * $0 + 1], right: numbers[3 * $0 + 2])
    }
  }
}

extension Tensor {
  /// Pictures `[N, C, H, W]`, each rotated and moved by its placement in degrees and in shares of
  /// the sides, with bilinear interpolation.
  /// - Parameter background: the value of what comes in from outside.
  func placed(_ placements: [PicturePlacement], background: Double) -> Tensor {
    // rows, columns [N, H, W]: the place in the picture that each pixel of the result shows. It is
    // found by moving back and then rotating back about the centre.
    let (height, width) = (shape[2], shape[3])
    func each(_ value: (PicturePlacement) -> Double) -> Tensor {
      Tensor(placements.map { Float(value($0)) }, shape: [placements.count, 1, 1]).to(device)
    }
    func line(_ size: Int, _ shape: [Int]) -> Tensor {
      (Tensor.range(size, device: device).to(.float32) - Double(size - 1) / 2).reshaped(shape)
    }
    let y = line(height, [1, height, 1]) - each { $0.down * Double(height) }
    let x = line(width, [1, 1, width]) - each { $0.right * Double(width) }
    let (cosine, sine) = (each { cos($0.angle * .pi / 180) }, each { sin($0.angle * .pi / 180) })
    let rows = y * cosine + x * sine + Double(height - 1) / 2
    let columns = x * cosine - y * sine + Double(width - 1) / 2
    return (self - background).sampled(rows: rows, columns: columns, beyond: .zeros) + background
  }
}
