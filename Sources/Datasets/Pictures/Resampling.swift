import ModelCore

extension Raster {
  /// The picture at another size, by the antialiased bilinear filter that PIL and torchvision use.
  ///
  /// The filter is a triangle that reaches one pixel of the smaller picture to each side. Its
  /// weights are whole multiples of 2^-22. The width is scaled first, the results are rounded to
  /// bytes, then the height is scaled. The result has the bytes of Pillow 11. Pillow 13 scales the
  /// height of tall pictures first, so some of its bytes differ by one.
  func resized(height: Int, width: Int) -> Raster {
    let across =
      width == shape.width ? self : resampledAcross(Weights(from: shape.width, to: width))
    return height == shape.height
      ? across : across.resampledDown(Weights(from: shape.height, to: height))
  }

  /// For each place of the result, the places of the source that contribute to it, and their
  /// weights.
  private struct Weights {
    let count: Int
    /// The first place of the source that contributes to each place of the result.
    private(set) var first: [Int] = []
    /// The number of places of the source that contribute to each place of the result.
    private(set) var length: [Int] = []
    /// The index in `values` of the first weight of each place of the result.
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

    /// The number of binary digits that a weight has after the point. With 22 of them, a weighted
    /// sum of bytes fits into 32 bits.
    static let bits = 22

    static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum &>> Int32(bits)) }
    /// A half. Every sum begins with it, so that `byte` rounds to the nearest whole number.
    static let half = Int32(1 << (bits - 1))
  }

  /// Scales the width. The rows of all planes are treated alike.
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

  /// Scales the height.
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
