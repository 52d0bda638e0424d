import CPixels
import ModelCore

/// A decoded picture, in the form in which the readers of picture folders pass it from step to
/// step.
struct Raster: Sendable {
  /// The number of channels (1 or 3), the height and the width.
  let shape: InputShape
  /// `shape.count` bytes in C, H, W order, as in tensors.
  let bytes: [UInt8]

  init(shape: InputShape, bytes: [UInt8]) {
    self.shape = shape
    self.bytes = bytes
  }

  /// Splits the pixels that `decode` writes into planes.
  /// - Parameters:
  ///   - pixelBytes: the number of bytes of a pixel. 1 is a grey value; 2 is a grey value and a
  ///     byte that is dropped; 4 is red, green, blue and a byte that is dropped.
  ///   - decode: fills height x width pixels, row by row.
  init(
    shape: InputShape, pixelBytes: Int, decode: (UnsafeMutableBufferPointer<UInt8>) throws -> Void
  ) throws {
    self.shape = shape
    let area = shape.height * shape.width
    if pixelBytes == 1 {
      bytes = try [UInt8](unsafeUninitializedCapacity: area) { out, count in
        try decode(UnsafeMutableBufferPointer(rebasing: out[..<area]))
        count = area
      }
      return
    }
    let pixels = UnsafeMutableRawBufferPointer.allocate(byteCount: area * pixelBytes, alignment: 16)
    defer { pixels.deallocate() }
    try decode(pixels.bindMemory(to: UInt8.self))
    bytes = [UInt8](unsafeUninitializedCapacity: shape.count) { out, count in
      let planes = out.baseAddress!
      if pixelBytes == 4 {
        cpixels_take_apart(pixels.baseAddress!, area, planes, planes + area, planes + 2 * area)
      } else {
        for place in 0..<area { planes[place] = pixels[place &* pixelBytes] }
      }
      count = shape.count
    }
  }

  /// The picture in grey, by the weights of ITU-R 601 and of PIL's mode L: .299 R + .587 G + .114
  /// B, rounded.
  var grey: Raster {
    guard shape.channels == 3 else { return self }
    let area = shape.height * shape.width
    let grey = bytes.withUnsafeBufferPointer { planes in
      [UInt8](unsafeUninitializedCapacity: area) { out, count in
        for pixel in 0..<area {
          // The weights are multiples of 2^-16, and 0x8000 is a half, which rounds the sum.
          let red = Int32(planes[pixel]) &* 19_595
          let green = Int32(planes[pixel &+ area]) &* 38_470
          let blue = Int32(planes[pixel &+ 2 &* area]) &* 7471
          out[pixel] = UInt8(truncatingIfNeeded: (red &+ green &+ blue &+ 0x8000) &>> 16)
        }
        count = area
      }
    }
    return Raster(
      shape: InputShape(channels: 1, height: shape.height, width: shape.width), bytes: grey)
  }

  /// Writes the planes. A grey picture is written `channels` times.
  func write(to out: UnsafeMutablePointer<UInt8>, channels: Int) {
    bytes.withUnsafeBufferPointer { planes in
      for copy in 0..<channels / shape.channels {
        (out + copy * shape.count).update(from: planes.baseAddress!, count: shape.count)
      }
    }
  }

  /// Writes the planes as fractions of full intensity: each byte divided by 255.
  func writeFractions(to out: UnsafeMutablePointer<Float>, channels: Int) {
    bytes.withUnsafeBufferPointer { planes in
      for copy in 0..<channels / shape.channels {
        cpixels_fractions(planes.baseAddress!, shape.count, out + copy * shape.count)
      }
    }
  }

  /// The rectangle whose upper left corner is at row `top` and column `left`.
  func cropped(top: Int, left: Int, height: Int, width: Int) -> Raster {
    guard height != shape.height || width != shape.width else { return self }
    var out: [UInt8] = []
    out.reserveCapacity(height * width * shape.channels)
    for plane in 0..<shape.channels {
      for row in top..<top + height {
        let start = (plane * shape.height + row) * shape.width + left
        out += bytes[start..<start + width]
      }
    }
    return Raster(
      shape: InputShape(channels: shape.channels, height: height, width: width), bytes: out)
  }
}
