import ModelCore

/// A decoded picture as files have it: row by row, the channels of a pixel side by side.
///
/// Where a `Picture` is a value to show and to compare, this is what the readers of large sets pass from step to step.
struct Raster: Sendable {
  /// Channels (1 or 3), height and width.
  let shape: ImageShape
  /// `shape.count` bytes in H, W, C order.
  let bytes: [UInt8]

  /// The picture in shades of grey, weighed as ITU-R 601 and PIL's mode L do: .299 R + .587 G + .114 B, rounded.
  var grey: Raster {
    guard shape.channels == 3 else { return self }
    let area = shape.height * shape.width
    let grey = bytes.withUnsafeBufferPointer { rgb in
      [UInt8](unsafeUninitializedCapacity: area) { out, count in
        for pixel in 0..<area {
          let red = Int32(rgb[3 &* pixel]) &* 19_595
          let green = Int32(rgb[3 &* pixel &+ 1]) &* 38_470
          let blue = Int32(rgb[3 &* pixel &+ 2]) &* 7471
          out[pixel] = UInt8(truncatingIfNeeded: (red &+ green &+ blue &+ 0x8000) &>> 16)
        }
        count = area
      }
    }
    return Raster(shape: ImageShape(channels: 1, height: shape.height, width: shape.width), bytes: grey)
  }

  /// Writes the picture as whole planes, C, H, W; a grey one fills each of `channels` planes.
  func writePlanes(to out: UnsafeMutablePointer<UInt8>, channels: Int) {
    let area = shape.height * shape.width
    bytes.withUnsafeBufferPointer { pixels in
      guard shape.channels == 3, let base = pixels.baseAddress else {
        for plane in 0..<channels { (out + plane * area).update(from: pixels.baseAddress!, count: area) }
        return
      }
      let (red, green, blue) = (out, out + area, out + 2 * area)
      for pixel in 0..<area {
        red[pixel] = base[3 &* pixel]
        green[pixel] = base[3 &* pixel &+ 1]
        blue[pixel] = base[3 &* pixel &+ 2]
      }
    }
  }

  /// The rectangle that begins at a row and a column.
  func cropped(top: Int, left: Int, height: Int, width: Int) -> Raster {
    guard height != shape.height || width != shape.width else { return self }
    let channels = shape.channels
    var out: [UInt8] = []
    out.reserveCapacity(height * width * channels)
    for row in top..<top + height {
      let start = (row * shape.width + left) * channels
      out += bytes[start..<start + width * channels]
    }
    return Raster(shape: ImageShape(channels: channels, height: height, width: width), bytes: out)
  }
}
