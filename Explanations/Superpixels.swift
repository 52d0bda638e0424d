import Foundation
import ModelCore

/// Superpixels: a picture divided into connected segments of similar colour, by SLIC (simple linear
/// iterative clustering).
///
/// Pixels are clustered by the distance D² = d_c² + (m/S)²·d_s², where d_c is the distance of two
/// colours, d_s that of two places in pixels, m the compactness, and S the side of a segment on a
/// regular grid, √(pixels / segments). The clusters begin on that grid, each at the pixel of its
/// neighbourhood of 3x3 where the colour changes least, and are moved ten times to the mean of their
/// pixels. Afterwards, parts of a cluster that do not touch become segments of their own, and those
/// of at most S²/4 pixels join a segment beside them. Nothing is random.
///
/// Colours are those of CIELAB for pictures of three channels, whose smallest and largest valid values
/// count as black and full colour; other pictures have their values on a scale from 0 to 100.
///
/// Source: R. Achanta, A. Shaji, K. Smith, A. Lucchi, P. Fua and S. Süsstrunk, "SLIC superpixels
/// compared to state-of-the-art superpixel methods" (2012).
struct Superpixels {
  /// The number of a pixel's segment, row by row, from 0.
  let segments: [Int]
  /// The number of segments.
  let count: Int

  private static let rounds = 10

  /// - Parameters:
  ///   - image: float32 `[1, C, H, W]`, on the CPU.
  ///   - wanted: the number of segments that is aimed at, at least 1. The result may have a few more or
  ///     fewer.
  ///   - compactness: m, above 0. The larger, the more the segments are like squares.
  init(_ image: Tensor, in range: ClosedRange<Double>, wanted: Int, compactness: Double) {
    let (height, width) = (image.shape[2], image.shape[3])
    let colors = Self.colors(image, range)
    let side = max(1, (Double(height * width) / Double(max(1, wanted))).squareRoot())
    let clusters = Self.clusters(
      colors, height: height, width: width, side: side, compactness: compactness)
    (segments, count) = Self.connected(
      clusters, height: height, width: width, smallest: Int(side * side) / 4)
  }

  // MARK: Colours

  /// The colours of the pixels as planes of H·W numbers.
  private static func colors(_ image: Tensor, _ range: ClosedRange<Double>) -> [[Double]] {
    let area = image.shape[2] * image.shape[3]
    let all = image.contiguous.floats()
    let width = range.upperBound - range.lowerBound
    let shares = (0..<image.shape[1]).map { channel in
      all[channel * area..<(channel + 1) * area].map { (Double($0) - range.lowerBound) / width }
    }
    guard shares.count == 3 else { return shares.map { $0.map { $0 * 100 } } }
    var planes = [[Double]](repeating: [Double](repeating: 0, count: area), count: 3)
    for place in 0..<area {
      let color = lab(shares[0][place], shares[1][place], shares[2][place])
      planes[0][place] = color.0
      planes[1][place] = color.1
      planes[2][place] = color.2
    }
    return planes
  }

  /// sRGB, each from 0 to 1, to CIELAB with the white point D65.
  private static func lab(_ red: Double, _ green: Double, _ blue: Double) -> (
    Double, Double, Double
  ) {
    func linear(_ value: Double) -> Double {
      let value = min(1, max(0, value))
      return value > 0.04045 ? pow((value + 0.055) / 1.055, 2.4) : value / 12.92
    }
    let (r, g, b) = (linear(red), linear(green), linear(blue))
    func curve(_ value: Double) -> Double {
      value > 0.008856 ? cbrt(value) : 7.787 * value + 16 / 116
    }
    let x = curve((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047)
    let y = curve(0.212671 * r + 0.715160 * g + 0.072169 * b)
    let z = curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883)
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))
  }

  // MARK: Clusters

  /// The cluster of each pixel.
  private static func clusters(
    _ colors: [[Double]], height: Int, width: Int, side: Double, compactness: Double
  ) -> [Int] {
    // A picture that is thinner than a segment has one row or column of them, each of the same area.
    let rows = max(1, Int((Double(height) / max(side, side * side / Double(width))).rounded()))
    let columns = max(1, Int((Double(width) / max(side, side * side / Double(height))).rounded()))
    // The centres: their colours, and their places y and x.
    var centres: [[Double]] = (0..<rows).flatMap { row in
      (0..<columns).map { column in
        let y = (2 * row + 1) * height / (2 * rows)
        let x = (2 * column + 1) * width / (2 * columns)
        let place = calmest(colors, y, x, height, width)
        return colors.map { $0[place] } + [Double(place / width), Double(place % width)]
      }
    }
    let weight = compactness * compactness / (side * side)
    let reach = Int(side.rounded(.up))
    let channels = colors.count
    var labels = [Int](repeating: 0, count: height * width)
    for _ in 0..<rounds {
      var nearest = [Double](repeating: .infinity, count: height * width)
      for (number, centre) in centres.enumerated() {
        let (y, x) = (centre[channels], centre[channels + 1])
        let tall = max(0, Int(y) - reach)...min(height - 1, Int(y) + reach)
        let wide = max(0, Int(x) - reach)...min(width - 1, Int(x) + reach)
        for row in tall {
          for column in wide {
            let place = row * width + column
            let (down, across) = (Double(row) - y, Double(column) - x)
            var distance = weight * (down * down + across * across)
            for channel in 0..<channels {
              let difference = colors[channel][place] - centre[channel]
              distance += difference * difference
            }
            if distance < nearest[place] {
              nearest[place] = distance
              labels[place] = number
            }
          }
        }
      }
      move(&centres, to: labels, colors, width)
    }
    return labels
  }

  /// The pixel around (y, x) where the colour changes least.
  private static func calmest(
    _ colors: [[Double]], _ y: Int, _ x: Int, _ height: Int, _ width: Int
  ) -> Int {
    func change(_ row: Int, _ column: Int) -> Double {
      let (up, down) = (max(0, row - 1) * width, min(height - 1, row + 1) * width)
      let (left, right) = (max(0, column - 1), min(width - 1, column + 1))
      return colors.reduce(0) { sum, plane in
        let tall = plane[down + column] - plane[up + column]
        let wide = plane[row * width + right] - plane[row * width + left]
        return sum + tall * tall + wide * wide
      }
    }
    var best = (change: change(y, x), place: y * width + x)
    for row in max(0, y - 1)...min(height - 1, y + 1) {
      for column in max(0, x - 1)...min(width - 1, x + 1) {
        let found = change(row, column)
        if found < best.change { best = (found, row * width + column) }
      }
    }
    return best.place
  }

  /// Moves each centre to the mean colour and place of its pixels; one without pixels stays.
  private static func move(
    _ centres: inout [[Double]], to labels: [Int], _ colors: [[Double]], _ width: Int
  ) {
    let channels = colors.count
    var sums = [[Double]](
      repeating: [Double](repeating: 0, count: channels + 2), count: centres.count)
    var counts = [Double](repeating: 0, count: centres.count)
    for (place, label) in labels.enumerated() {
      for channel in 0..<channels { sums[label][channel] += colors[channel][place] }
      sums[label][channels] += Double(place / width)
      sums[label][channels + 1] += Double(place % width)
      counts[label] += 1
    }
    for (number, count) in counts.enumerated() where count > 0 {
      centres[number] = sums[number].map { $0 / count }
    }
  }

  // MARK: Connection

  /// Connected segments of the clusters. Parts of at most `smallest` pixels join a segment beside them.
  private static func connected(
    _ clusters: [Int], height: Int, width: Int, smallest: Int
  ) -> (segments: [Int], count: Int) {
    var segments = [Int](repeating: -1, count: clusters.count)
    var count = 0
    func neighbours(_ place: Int) -> [Int] {
      let (y, x) = (place / width, place % width)
      return (y > 0 ? [place - width] : []) + (x > 0 ? [place - 1] : [])
        + (x + 1 < width ? [place + 1] : []) + (y + 1 < height ? [place + width] : [])
    }
    for start in clusters.indices where segments[start] < 0 {
      let beside = neighbours(start).first { segments[$0] >= 0 }.map { segments[$0] }
      var part = [start]
      segments[start] = count
      var next = 0
      while next < part.count {
        for place in neighbours(part[next])
        where segments[place] < 0 && clusters[place] == clusters[start] {
          segments[place] = count
          part.append(place)
        }
        next += 1
      }
      if part.count <= smallest, let beside {
        for place in part { segments[place] = beside }
      } else {
        count += 1
      }
    }
    return (segments, count)
  }
}
