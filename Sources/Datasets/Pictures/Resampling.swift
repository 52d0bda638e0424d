import ModelCore

extension Raster {
  /// The picture at another size, by the antialiased bilinear filter of PIL and thus of
  /// torchvision: a triangle as wide as one pixel of the smaller picture on each side, in whole
  /// numbers with 22 bits after the point, columns first and rounded to bytes in between. The same
  /// bytes as Pillow 11 gives; Pillow 13 takes rows first in tall pictures, which moves some by
  /// one.
  func resized(height: Int, width: Int) -> Raster {
    let across =
      width == shape.width ? self : resampledAcross(Weights(from: shape.width, to: width))
    return height == shape.height
      ? across : across.resampledDown(Weights(from: shape.height, to: height))
  }

  /// For every place of the result, the places of the source it is made of, and how much of each.
  private struct Weights {
    let count: Int
    /// The first source of each place, and the number of its sources.
    private(set) var first: [Int] = []
    private(set) var length: [Int] = []
    /// Where the weights of each place begin in `values`.
    private(set) var start: [Int] = []
    private(set) var values: [Int32] = []

    init(from source: Int, to count: Int) {
      self.count = count
      let scale = Double(source) / Double(count)
      let reach = max(scale, 1)
      for place in 0..<count {
        let centre = (Double(place) + 0.5) * scale
        let low = max(0, Int(centre - reach + 0.5))
        let high = min(source, Int(centre + reach + 0.5))
        let raw = (low..<high).map { max(0, 1 - abs((Double($0) - centre + 0.5) / reach)) }
        let sum = raw.reduce(0, +)
        first.append(low)
        length.append(raw.count)
        start.append(values.count)
        values += raw.map { Int32(($0 / sum * Double(1 << Self.bits) + 0.5).rounded(.down)) }
      }
    }

    /// Bits after the point of a weight: with them, a sum of bytes fits 32 bits.
    static let bits = 22

    static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum &>> Int32(bits)) }
    static let half = Int32(1 << (bits - 1))
  }

  /// Rows of all planes are alike.
  private func resampledAcross(_ weights: Weights) -> Raster {
    let result = InputShape(channels: shape.channels, height: shape.height, width: weights.count)
    let width = shape.width
    let out = bytes.withUnsafeBufferPointer { source in
      weights.values.withUnsafeBufferPointer { values in
        [UInt8](unsafeUninitializedCapacity: result.count) { out, count in
          var target = 0
          for row in 0..<result.channels &* result.height {
            for place in 0..<weights.count {
              let begin = row &* width &+ weights.first[place]
              let start = weights.start[place]
              var sum = Weights.half
              for step in 0..<weights.length[place] {
                sum &+= Int32(source[begin &+ step]) &* values[start &+ step]
              }
              out[target] = Weights.byte(sum)
              target &+= 1
            }
          }
          count = result.count
        }
      }
    }
    return Raster(shape: result, bytes: out)
  }

  private func resampledDown(_ weights: Weights) -> Raster {
    let result = InputShape(channels: shape.channels, height: weights.count, width: shape.width)
    let (height, width) = (shape.height, shape.width)
    let out = bytes.withUnsafeBufferPointer { source in
      weights.values.withUnsafeBufferPointer { values in
        [UInt8](unsafeUninitializedCapacity: result.count) { out, count in
          var sums = [Int32](repeating: 0, count: width)
          sums.withUnsafeMutableBufferPointer { sums in
            for line in 0..<result.channels &* weights.count {
              let (plane, place) = line.quotientAndRemainder(dividingBy: weights.count)
              for column in 0..<width { sums[column] = Weights.half }
              for step in 0..<weights.length[place] {
                let row = (plane &* height &+ weights.first[place] &+ step) &* width
                let weight = values[weights.start[place] &+ step]
                for column in 0..<width { sums[column] &+= Int32(source[row &+ column]) &* weight }
              }
              for column in 0..<width { out[line &* width &+ column] = Weights.byte(sums[column]) }
            }
          }
          count = result.count
        }
      }
    }
    return Raster(shape: result, bytes: out)
  }
}
