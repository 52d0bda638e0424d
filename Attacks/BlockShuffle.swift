import Foundation
import ModelCore

/// Block shuffle and rotation: the mean gradient through copies of the images whose blocks change
/// places and are each rotated.
///
/// A copy is divided into blocks × blocks parts at random places. The rows of blocks are put in a
/// random order, then the blocks of each row, and each block is rotated by a random angle around
/// its centre. Models attend to different parts of an image, and the perturbation has to hold
/// wherever a part is. Source: K. Wang et al. (2024), with their values of 20 copies, 2 × 2 blocks
/// and angles uniform within ±24°.
public struct BlockShuffle: GradientView {
  public static let name = "bsr"
  public static let needsPictures = true
  /// The number of copies.
  public let copies: Int
  public var gradients: Int { copies }
  /// The number of blocks along each side.
  public let blocks: Int
  /// The largest angle of a rotation, in degrees.
  public let angle: Double

  public init() { self.init(copies: 20) }

  public init(copies: Int, blocks: Int = 2, angle: Double = 24) {
    self.copies = copies
    self.blocks = blocks
    self.angle = angle
  }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      GradientEstimate.mean(over: copies) { copy in
        let own = draws.purpose("shuffle \(copy)")
        return inner(x, own) { view(shuffled($0, own)) }
      }
    }
  }

  /// One random copy of the images, `[N, C, H, W]`.
  func shuffled(_ images: Tensor, _ draws: ExampleDraws) -> Tensor {
    let rows = draws.purpose("rows").sharedParts(of: images.shape[2], blocks)
    let columns = draws.purpose("columns").sharedParts(of: images.shape[3], blocks)
    let order = draws.purpose("order").sharedChoice(rows.count, of: rows.count)
    return Tensor.fromBlocks(
      order.map { row in
        let own = draws.purpose("row \(row)")
        return own.sharedChoice(columns.count, of: columns.count).map { column in
          let turn = own.purpose("angle \(column)").sharedUniform() * 2 - 1
          return images.block(rows[row], columns[column]).rotated(by: turn * angle * .pi / 180)
        }
      })
  }
}

extension Tensor {
  /// Pictures `[N, C, H, W]`, rotated around their centre by an angle in radians. Each pixel is
  /// interpolated between the four nearest ones, and what lies outside is zero.
  func rotated(by angle: Double) -> Tensor {
    let (height, width) = (shape[2], shape[3])
    guard angle != 0 else { return self }
    let middle = (y: Double(height - 1) / 2, x: Double(width - 1) / 2)
    var places = [[Int]](repeating: [], count: 4)
    var weights = [[Float]](repeating: [], count: 4)
    for row in 0..<height {
      for column in 0..<width {
        // Where the pixel comes from, and the four pixels around that place.
        let (down, right) = (Double(row) - middle.y, Double(column) - middle.x)
        let y = middle.y + down * cos(angle) - right * sin(angle)
        let x = middle.x + down * sin(angle) + right * cos(angle)
        let (top, left) = (y.rounded(.down), x.rounded(.down))
        for corner in 0..<4 {
          let (v, h) = (top + Double(corner / 2), left + Double(corner % 2))
          let isInside = (0..<Double(height)).contains(v) && (0..<Double(width)).contains(h)
          places[corner].append(isInside ? Int(v) * width + Int(h) : 0)
          weights[corner].append(isInside ? Float((1 - abs(y - v)) * (1 - abs(x - h))) : 0)
        }
      }
    }
    // pixels [N, C, H·W]
    let pixels = reshaped([shape[0], shape[1], height * width])
    let parts = zip(places, weights).map { places, weights in
      pixels.indexSelect(2, Tensor(labels: places).to(device))
        * Tensor(weights, shape: [1, 1, height * width]).to(device)
    }
    return (parts[0] + parts[1] + parts[2] + parts[3]).reshaped(shape)
  }
}
