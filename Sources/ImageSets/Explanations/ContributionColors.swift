import Datasets
import ModelCore

/// The colours of contributions: orange raises the score, blue lowers it, and white does neither. Both
/// are of the palette of Okabe and Ito, "Color Universal Design" (2008), and differ for people with
/// any colour vision.
package enum ContributionColors {
  static let raises = RGB(red: 213, green: 94, blue: 0)
  static let lowers = RGB(red: 0, green: 114, blue: 178)
  static let white = RGB(red: 255, green: 255, blue: 255)

  /// The colour of a contribution as a share of the strongest one, from −1 to 1.
  package static func color(_ share: Float) -> RGB {
    white.blended(with: share >= 0 ? raises : lowers, min(1, abs(share)))
  }

  /// The magnitude that has the full colour: that which 99 of 100 places do not exceed, so that a few
  /// strong pixels do not hide all others. Never 0.
  package static func limit(_ contributions: [Float]) -> Float {
    guard !contributions.isEmpty else { return 1 }
    var sizes = contributions.map { $0.isFinite ? abs($0) : 0 }
    let limit = smallest(Int(Double(sizes.count - 1) * 0.99), of: &sizes)
    return limit > 0 ? limit : (sizes.max().flatMap { $0 > 0 ? $0 : nil } ?? 1)
  }

  /// The value with the given place in ascending order, from 0, found by quickselect, which takes a
  /// tenth of the time of a sort.
  private static func smallest(_ place: Int, of values: inout [Float]) -> Float {
    values.withUnsafeMutableBufferPointer { values in
      var (low, high) = (0, values.count - 1)
      while low < high {
        let pivot = values[(low + high) / 2]
        var (left, right) = (low, high)
        while left <= right {
          while values[left] < pivot { left += 1 }
          while values[right] > pivot { right -= 1 }
          guard left <= right else { break }
          values.swapAt(left, right)
          left += 1
          right -= 1
        }
        // Now low...right ≤ pivot ≤ left...high, and what lies between them equals the pivot.
        if place <= right {
          high = right
        } else if place >= left {
          low = left
        } else {
          return pivot
        }
      }
      return values[place]
    }
  }

  /// A map of contributions, one for each pixel, row by row.
  package static func map(
    _ contributions: [Float], limit: Float, height: Int, width: Int
  ) -> Picture {
    picture(height: height, width: width) { color(share(contributions[$0], limit)) }
  }

  /// The contributions on a pale grey form of a picture.
  static func overlay(_ contributions: [Float], limit: Float, on picture: Picture) -> Picture {
    let (height, width) = (picture.shape.height, picture.shape.width)
    let area = height * width
    return Self.picture(height: height, width: width) { place in
      let sum = (0..<picture.shape.channels).reduce(0) {
        $0 + Int(picture.pixels[$1 * area + place])
      }
      let pale = UInt8(255 - (255 - sum / picture.shape.channels) * 45 / 100)
      let share = share(contributions[place], limit)
      return RGB(red: pale, green: pale, blue: pale).blended(
        with: share >= 0 ? raises : lowers, abs(share) * 0.85)
    }
  }

  private static func share(_ contribution: Float, _ limit: Float) -> Float {
    contribution.isFinite ? max(-1, min(1, contribution / limit)) : 0
  }

  private static func picture(height: Int, width: Int, _ color: (Int) -> RGB) -> Picture {
    let area = height * width
    var pixels = [UInt8](repeating: 0, count: 3 * area)
    for place in 0..<area {
      let color = color(place)
      pixels[place] = color.red
      pixels[area + place] = color.green
      pixels[2 * area + place] = color.blue
    }
    return Picture(
      shape: InputShape(channels: 3, height: height, width: width), pixels: pixels)
  }
}

/// A colour of 8-bit values.
package struct RGB {
  package let red: UInt8
  package let green: UInt8
  package let blue: UInt8

  var bytes: [UInt8] { [red, green, blue] }

  /// "#d55e00".
  package var hex: String {
    "#" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The mixture (1 − share)·self + share·other, with a share from 0 to 1.
  func blended(with other: RGB, _ share: Float) -> RGB {
    func mixed(_ a: UInt8, _ b: UInt8) -> UInt8 {
      UInt8((Float(a) + (Float(b) - Float(a)) * share).rounded())
    }
    return RGB(
      red: mixed(red, other.red), green: mixed(green, other.green), blue: mixed(blue, other.blue))
  }
}

extension Canvas {
  /// A bar from the colour that lowers to the one that raises, with the words at its ends.
  /// - Returns: the height that it takes.
  mutating func drawScale(x: Int, y: Int, scale: Int) -> Int {
    let (left, right) = ("lowers", "raises")
    write(left, x: x, y: y, scale: scale)
    let start = x + BitmapFont.width(left, scale: scale) + 6
    let length = 81 * scale
    for column in 0..<length {
      let share = Float(2 * column) / Float(length - 1) - 1
      fill(
        x: start + column, y: y, width: 1, height: 7 * scale,
        color: ContributionColors.color(share).bytes)
    }
    write(right, x: start + length + 6, y: y, scale: scale)
    return BitmapFont.line * scale
  }
}
