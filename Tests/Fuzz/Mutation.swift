import Foundation
import Support

/// Random damage to the bytes of a file. The same seed makes the same damage.
struct Mutation {
  private var state: UInt64

  init(_ seed: Seed) { state = seed.value }

  /// Draws a number from 0 to `bound - 1`.
  mutating func draw(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let mixed = (state ^ (state >> 31)) &* 0x9e37_79b9_7f4a_7c15
    return Int(mixed.multipliedFullWidth(by: UInt64(max(1, bound))).high)
  }

  /// Makes one to four changes to one of the seeds. Half of the changes are within the first 96
  /// bytes, where headers are.
  mutating func apply(to seeds: [[UInt8]]) -> [UInt8] {
    var bytes = seeds[draw(seeds.count)]
    for _ in 0...draw(4) where !bytes.isEmpty { change(&bytes, seeds) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
    let place = draw(draw(2) == 0 ? min(bytes.count, 96) : bytes.count)
    let extremes: [UInt8] = [0, 1, 0x7f, 0x80, 0xfe, 0xff]
    switch draw(9) {
    case 0: bytes[place] = UInt8(draw(256))
    case 1: bytes[place] ^= 1 << UInt8(draw(8))
    case 2: bytes.removeSubrange(place...)
    case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + draw(16)))
    case 4:
      bytes.insert(
        contentsOf: [UInt8](repeating: extremes[draw(6)], count: 1 + draw(12)), at: place)
    case 5:
      // Two, four or eight bytes become those of a very small or very large number.
      for next in place..<min(bytes.count, place + [2, 4, 8][draw(3)]) {
        bytes[next] = extremes[draw(6)]
      }
    case 6:
      // A digit in a text header becomes another digit or twelve digits.
      let digits = bytes.indices.prefix(512).filter { (0x30...0x39).contains(bytes[$0]) }
      guard !digits.isEmpty else { return }
      let digit = digits[draw(digits.count)]
      bytes.replaceSubrange(
        digit...digit, with: (0..<[1, 1, 12][draw(3)]).map { _ in 0x30 + UInt8(draw(10)) })
    case 7:
      let other = seeds[draw(seeds.count)]
      let start = draw(other.count)
      bytes.insert(contentsOf: other[start..<min(other.count, start + 1 + draw(64))], at: place)
    default:
      let copy = bytes[place..<min(bytes.count, place + 1 + draw(64))]
      bytes.insert(contentsOf: copy, at: place)
    }
  }
}
