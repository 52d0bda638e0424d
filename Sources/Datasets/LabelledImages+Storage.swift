import ModelCore

extension LabelledImages {
  /// How the images are kept.
  enum Storage: Sendable {
    /// `[N, C, H, W]`, or `[N, D]` for a table: uint8, of which 0 stands for the lower bound of the
    /// value range and 255 for the upper bound, or float32 values.
    case memory(Tensor)
    /// Bytes `[N, 1, H, W]` of grey pictures that are given out in several channels, each with
    /// values of its own.
    case channels(Tensor, ChannelScaling)
    /// The images with these indices in a stream.
    case stream(PictureStream, [Int])

    /// The images of a range, which share memory with these.
    subscript(range: Range<Int>) -> Storage {
      func part(_ pixels: Tensor) -> Tensor { pixels.narrow(0, range.lowerBound, range.count) }
      return switch self {
      case .memory(let pixels): .memory(part(pixels))
      case .channels(let pixels, let scaling): .channels(part(pixels), scaling)
      case .stream(let stream, let places): .stream(stream, Array(places[range]))
      }
    }

    /// The images with the given indices, in that order.
    func at(_ chosen: [Int]) -> Storage {
      let indices = Tensor(chosen.map(Int64.init), shape: [chosen.count])
      return switch self {
      case .memory(let pixels): .memory(pixels.indexSelect(0, indices))
      case .channels(let pixels, let scaling):
        .channels(pixels.indexSelect(0, indices), scaling)
      case .stream(let stream, let places): .stream(stream, chosen.map { places[$0] })
      }
    }

    /// All images as values: float32 `[N, C, H, W]` or `[N, D]`.
    ///
    /// Bytes in memory become shares of the value range: 0 its lower bound and 255 its upper bound.
    /// - Parameter following: the places, in the same stream, of the pictures that will be asked
    ///   for next. They are decoded in the background.
    func values(in range: ClosedRange<Double>, following: [Int] = []) -> Tensor {
      switch self {
      case .channels(let pixels, let scaling): return scaling.values(pixels)
      case .stream(let stream, let places):
        return stream.images(at: places, as: .float32, next: following)
      case .memory(let pixels):
        guard pixels.type != .float32 else { return pixels }
        let fractions = pixels.to(.float32) / 255
        guard range != 0...1 else { return fractions }
        // A weighted sum of both bounds gives either exactly; rounding in between is clamped.
        return ((1 - fractions) * range.lowerBound + fractions * range.upperBound)
          .clamped(to: range)
      }
    }
  }
}

/// How the bytes of a grey picture become values in several channels: in channel c, the byte b
/// becomes (b / 255 − mean[c]) / deviation[c].
///
/// The channels hold the same picture, so it is kept once.
struct ChannelScaling: Sendable {
  /// The mean of each channel.
  let mean: [Float]
  /// The standard deviation of each channel, more than 0.
  let deviation: [Float]

  /// bytes `[N, 1, H, W]` → float32 `[N, C, H, W]`
  func values(_ bytes: Tensor) -> Tensor {
    let shape = [1, mean.count, 1, 1]
    return (bytes.to(.float32) / 255 - Tensor(mean, shape: shape))
      / Tensor(deviation, shape: shape)
  }

  /// The smallest and the largest value in any of the channels. A channel whose mean and deviation
  /// differ from those of the others does not reach both.
  var range: ClosedRange<Double> {
    let ends = values(Tensor([0, 255] as [UInt8], shape: [2, 1, 1, 1]))
    return ends.min().scalar...ends.max().scalar
  }
}
