import ModelCore

/// Structure invariance: the mean gradient through copies of the images whose blocks are each
/// changed in a way of their own.
///
/// A copy is divided into blocks × blocks parts at random places, and each part gets one of the
/// changes of `BlockChange`. The parts stay where they are, so that the structure of the image
/// does. Source: X. Wang et al. (2023), with their values of 20 copies and 3 × 3 blocks.
public struct StructureInvariance: GradientView {
  public static let name = "sia"
  public static let needsPictures = true
  /// The number of copies.
  public let copies: Int
  public var gradients: Int { copies }
  /// The number of blocks along each side.
  public let blocks: Int

  public init() { self.init(copies: 20) }

  public init(copies: Int, blocks: Int = 3) {
    self.copies = copies
    self.blocks = blocks
  }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      GradientEstimate.mean(over: copies) { copy in
        let own = draws.purpose("change \(copy)")
        return inner(x, own) { view(changed($0, own, threat.valueRange)) }
      }
    }
  }

  /// One random copy of the images, `[N, C, H, W]`.
  private func changed(_ images: Tensor, _ draws: ExampleDraws, _ range: ClosedRange<Double>)
    -> Tensor
  {
    let rows = draws.purpose("rows").sharedParts(of: images.shape[2], blocks)
    let columns = draws.purpose("columns").sharedParts(of: images.shape[3], blocks)
    return Tensor.fromBlocks(
      rows.indices.map { row in
        columns.indices.map { column in
          let own = draws.purpose("block \(row) \(column)")
          let change = BlockChange.allCases[own.sharedInteger(below: BlockChange.allCases.count)]
          return change.apply(images.block(rows[row], columns[column]), own, in: range)
        }
      })
  }
}

/// A change of a block of the images, `[N, C, H, W]`.
enum BlockChange: CaseIterable {
  /// All rows, or all columns, move by a random number of places; what leaves at one end enters at
  /// the other.
  case verticalShift, horizontalShift
  case verticalFlip, horizontalFlip
  /// A rotation by 180°.
  case halfTurn
  /// A random factor in [0, 1).
  case scale
  /// Uniform noise of at most 16/255 of the width of the pixel range.
  case noise
  /// The block made smaller, to 0.8 of its size plus one pixel, and large again.
  case resize
  /// The block without the upper 40 % of its frequencies in each direction.
  case blur
  /// Channels are zero with a probability of 0.1, and otherwise divided by 0.9.
  case dropout

  func apply(_ block: Tensor, _ draws: ExampleDraws, in range: ClosedRange<Double>) -> Tensor {
    let shape = Array(block.shape.dropFirst())
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    let own = draws.purpose("change")
    switch self {
    case .verticalShift: return block.rolled([own.sharedInteger(below: height)], [2])
    case .horizontalShift: return block.rolled([own.sharedInteger(below: width)], [3])
    case .verticalFlip: return block.flipped([2])
    case .horizontalFlip: return block.flipped([3])
    case .halfTurn: return block.flipped([2, 3])
    case .scale: return block * own.sharedUniform()
    case .noise:
      let size = 16.0 / 255 * range.width
      return (block + own.uniform(shape, in: -1..<1) * size).clamped(to: range)
    case .resize:
      let smaller = { (side: Int) in min(side, Int(Double(side) * 0.8) + 1) }
      return block.resized(height: smaller(height), width: smaller(width))
        .resized(height: height, width: width)
    case .blur:
      let spectrum = CosineTransform(height: height, width: width, on: block.device)
      let low = Self.lowFrequencies(height, width).to(block.device)
      return spectrum.inverse(spectrum.forward(block) * low)
    case .dropout:
      return block * (own.uniform([channels, 1, 1]).isAtLeast(0.1).to(.float32) / 0.9)
    }
  }

  /// 1 for the frequencies that a blur keeps and 0 for the others, `[1, 1, H, W]`.
  private static func lowFrequencies(_ height: Int, _ width: Int) -> Tensor {
    let kept = { (side: Int) in side - Int(Double(side) * 0.4) }
    return Tensor.ones([1, 1, kept(height), kept(width)]).padded(
      left: 0, right: width - kept(width), top: 0, bottom: height - kept(height))
  }
}
