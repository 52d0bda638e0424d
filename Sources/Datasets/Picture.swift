import ModelCore

/// One image of 8-bit values, grey (one channel) or RGB (three).
public struct Picture: Sendable, Equatable {
  /// How pixels follow each other in memory.
  public enum Order: Sendable {
    /// C, H, W: a whole plane per channel, as tensors have it.
    case channelsFirst
    /// H, W, C: the channels of a pixel side by side, as picture files have it.
    case channelsLast
  }

  /// Channels (1 or 3), height and width.
  public let shape: InputShape
  /// `shape.count` bytes in C, H, W order.
  public let pixels: [UInt8]

  /// Takes `shape.count` bytes in either order.
  /// - Precondition: one or three channels, at least one pixel, and as many bytes as the shape
  ///   counts.
  public init(shape: InputShape, pixels: [UInt8], order: Order = .channelsFirst) {
    precondition(shape.channels == 1 || shape.channels == 3, "a picture is grey or RGB")
    precondition(
      shape.count > 0 && pixels.count == shape.count, "\(pixels.count) bytes for \(shape)")
    self.shape = shape
    let area = shape.height * shape.width
    self.pixels =
      order == .channelsFirst ? pixels : Self.transpose(pixels, rows: area, columns: shape.channels)
  }

  /// The pixels in H, W, C order.
  public var interleaved: [UInt8] {
    Self.transpose(pixels, rows: shape.channels, columns: shape.height * shape.width)
  }

  /// A matrix of bytes, stored row by row, with rows and columns exchanged.
  private static func transpose(_ bytes: [UInt8], rows: Int, columns: Int) -> [UInt8] {
    guard rows > 1, columns > 1 else { return bytes }
    return [UInt8](unsafeUninitializedCapacity: bytes.count) { out, count in
      for row in 0..<rows {
        for column in 0..<columns { out[column * rows + row] = bytes[row * columns + column] }
      }
      count = bytes.count
    }
  }
}
