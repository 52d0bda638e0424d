import Datasets
import ModelCore

extension Picture {
  /// The picture with each pixel repeated as a block of `scale` x `scale`, without smoothing.
  package func enlarged(_ scale: Int) -> Picture {
    guard scale > 1 else { return self }
    let (width, height) = (shape.width, shape.height)
    let big = InputShape(channels: shape.channels, height: height * scale, width: width * scale)
    var out = [UInt8]()
    out.reserveCapacity(big.count)
    for channel in 0..<shape.channels {
      for row in 0..<big.height {
        let start = (channel * height + row / scale) * width
        for column in 0..<big.width { out.append(pixels[start + column / scale]) }
      }
    }
    return Picture(shape: big, pixels: out)
  }
}

/// An RGB picture under construction, onto which other pictures are placed.
package struct Canvas {
  package let width: Int
  package let height: Int
  private var pixels: [UInt8]

  /// - Parameter color: the background as `[red, green, blue]`.
  package init(width: Int, height: Int, color: [UInt8]) {
    self.width = width
    self.height = height
    pixels = color.flatMap { [UInt8](repeating: $0, count: width * height) }
  }

  /// Fills a rectangle that lies within the canvas.
  package mutating func fill(x: Int, y: Int, width: Int, height: Int, color: [UInt8]) {
    for channel in 0..<3 {
      for row in y..<y + height {
        let start = (channel * self.height + row) * self.width + x
        for column in start..<start + width { pixels[column] = color[channel] }
      }
    }
  }

  /// Places a grey or RGB picture with its upper left corner at (x, y).
  /// - Precondition: the picture lies within the canvas.
  package mutating func put(_ picture: Picture, x: Int, y: Int) {
    let shape = picture.shape
    for channel in 0..<3 {
      // A grey picture's only plane serves all three channels.
      let plane = min(channel, shape.channels - 1) * shape.height
      for row in 0..<shape.height {
        let from = (plane + row) * shape.width
        let to = (channel * height + y + row) * width + x
        pixels.replaceSubrange(
          to..<to + shape.width, with: picture.pixels[from..<from + shape.width])
      }
    }
  }

  /// What was drawn so far.
  package var picture: Picture {
    Picture(shape: InputShape(channels: 3, height: height, width: width), pixels: pixels)
  }
}
