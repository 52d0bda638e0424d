import ModelCore

/// One image of 8-bit values: grey (one channel) or RGB (three channels).
public struct Picture: Sendable, Equatable {
  /// The order of the values in memory.
  public enum Order: Sendable {
    /// C, H, W: one plane after the other, as in tensors.
    case channelsFirst
    /// H, W, C: the channels of a pixel side by side, as in picture files.
    case channelsLast
  }

  /// The number of channels (1 or 3), the height and the width.
  public let shape: InputShape
  /// `shape.count` bytes in C, H, W order.
  public let pixels: [UInt8]

  /// Makes a picture from `shape.count` bytes in either order.
  /// - Precondition: one or three channels, at least one pixel, and `shape.count` bytes.
  public init(shape: InputShape, pixels: [UInt8], order: Order = .channelsFirst) {
    precondition(
      shape.channels == 1 || shape.channels == 3, "expected one or three channels, found \(shape)")
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

  /// Transposes a matrix of bytes that is stored row by row.
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
