import CZlib
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// A PNG file with a given header, rows and further chunks before the data, to test files that the
/// writer never writes.
private func png(
  width: UInt32, height: UInt32, depth: UInt8, colour: UInt8, rows: [[UInt8]],
  chunks: [(String, [UInt8])] = []
) -> Data {
  var zipped = [UInt8](repeating: 0, count: 4096)
  let raw = rows.flatMap { row -> [UInt8] in [0] + row }
  var length = UInt(zipped.count)
  compress(&zipped, &length, raw, UInt(raw.count))
  let header = bigEndian(width, height) + [depth, colour, 0, 0, 0]
  let all =
    [("IHDR", header)] + chunks + [("IDAT", Array(zipped.prefix(Int(length)))), ("IEND", [])]
  return Data(
    PNG.signature
      + all.flatMap { name, content in
        let body = Array(name.utf8) + content
        return bigEndian(UInt32(content.count)) + body
          + bigEndian(UInt32(crc32(0, body, UInt32(body.count))))
      })
}

@Suite("PNG")
struct PNGTests {
  private static let grey = InputShape(channels: 1, height: 16, width: 17)
  private static let colour = InputShape(channels: 3, height: 16, width: 17)

  @Test("a file that is written fast is decoded to the same bytes")
  func fast() throws {
    for shape in [Self.grey, Self.colour] {
      let picture = Picture(shape: shape, pixels: noise(shape, 8))
      let fast = try PNG.encode(picture, isFast: true)
      #expect(try PNG.decode(fast, named: "fast") == picture)
      #expect(try fast != PNG.encode(picture))
    }
  }

  private func noise(_ shape: InputShape, _ seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(state: seed)
    return (0..<shape.count).map { _ in .random(in: 0...255, using: &generator) }
  }

  @Test(
    "every byte of a grey or RGB picture is read back unchanged", arguments: [grey, colour],
    [1, 2, 3])
  func roundTrip(shape: InputShape, seed: UInt64) throws {
    let picture = Picture(shape: shape, pixels: noise(shape, seed))
    #expect(try PNG.decode(PNG.encode(picture), named: "f") == picture)
  }

  @Test("all 256 values are read back unchanged, in grey and in each channel", arguments: [1, 3])
  func everyValue(channels: Int) throws {
    let shape = InputShape(channels: channels, height: 16, width: 16)
    let pixels = (0..<channels).flatMap { channel in
      (0...255).map { UInt8(($0 + 85 * channel) % 256) }
    }
    let picture = Picture(shape: shape, pixels: pixels)
    #expect(try PNG.decode(PNG.encode(picture), named: "f").pixels == pixels)
  }

  @Test("planes and interleaved channels make the same picture")
  func orders() {
    let shape = InputShape(channels: 3, height: 1, width: 2)
    let picture = Picture(shape: shape, pixels: [1, 2, 10, 20, 100, 200])
    #expect(picture.interleaved == [1, 10, 100, 2, 20, 200])
    #expect(Picture(shape: shape, pixels: picture.interleaved, order: .channelsLast) == picture)
  }

  @Test("a picture of one pixel and very wide and high pictures are written")
  func extremes() throws {
    for (height, width) in [(1, 1), (1, 70_000), (3000, 1)] {
      let shape = InputShape(channels: 1, height: height, width: width)
      let picture = Picture(shape: shape, pixels: noise(shape, 9))
      #expect(try PNG.decode(PNG.encode(picture), named: "f") == picture)
    }
  }

  @Test("a file is written and read back")
  func file() throws {
    let folder = TemporaryFolder()
    let place = folder.url.appending(path: "a/b.png")
    let picture = Picture(shape: Self.grey, pixels: noise(Self.grey, 4))
    try PNG.write(picture, to: place)
    #expect(try PNG.read(place) == picture)
    #expect(try failure { try PNG.read(folder.url.appending(path: "c.png")) }.kind == .missing)
  }

  @Test("grey values of 1, 2 and 4 bits are scaled to 0 to 255")
  func lowBits() throws {
    let one = png(width: 4, height: 1, depth: 1, colour: 0, rows: [[0b0110_0000]])
    #expect(try PNG.decode(one, named: "f").pixels == [0, 255, 255, 0])
    let two = png(width: 4, height: 1, depth: 2, colour: 0, rows: [[0b0001_1011]])
    #expect(try PNG.decode(two, named: "f").pixels == [0, 85, 170, 255])
    let four = png(width: 2, height: 2, depth: 4, colour: 0, rows: [[0x0f], [0x71]])
    #expect(try PNG.decode(four, named: "f").pixels == [0, 255, 119, 17])
  }

  @Test("a picture with a palette becomes RGB")
  func palette() throws {
    let file = png(
      width: 2, height: 1, depth: 8, colour: 3, rows: [[1, 0]],
      chunks: [("PLTE", [1, 2, 3, 40, 50, 60])])
    let picture = try PNG.decode(file, named: "f")
    #expect(picture.shape == InputShape(channels: 3, height: 1, width: 2))
    #expect(picture.interleaved == [40, 50, 60, 1, 2, 3])
  }

  @Test("a gamma and a damaged colour profile change no value")
  func gamma() throws {
    let chunks = [("gAMA", bigEndian(100_000)), ("iCCP", [1, 2, 3])]
    let file = png(width: 3, height: 1, depth: 8, colour: 0, rows: [[1, 100, 200]], chunks: chunks)
    #expect(try PNG.decode(file, named: "f").pixels == [1, 100, 200])
  }

  @Test("an opaque alpha channel is dropped, and a transparent pixel is refused")
  func alpha() throws {
    let opaque = png(
      width: 2, height: 1, depth: 8, colour: 6, rows: [[1, 2, 3, 255, 4, 5, 6, 255]])
    #expect(try PNG.decode(opaque, named: "f").interleaved == [1, 2, 3, 4, 5, 6])
    let greyOpaque = png(width: 2, height: 1, depth: 8, colour: 4, rows: [[9, 255, 8, 255]])
    #expect(try PNG.decode(greyOpaque, named: "f").pixels == [9, 8])
    let clear = png(width: 2, height: 1, depth: 8, colour: 4, rows: [[9, 255, 8, 254]])
    let refusal = try failure { try PNG.decode(clear, named: "f") }
    #expect(refusal.message == "f: expected an opaque picture, found transparent pixels")
    let keyed = png(
      width: 2, height: 1, depth: 8, colour: 0, rows: [[9, 8]], chunks: [("tRNS", [0, 8])])
    #expect(try failure { try PNG.decode(keyed, named: "f") }.message == refusal.message)
  }

  @Test("a 16-bit value becomes the nearest 8-bit value")
  func sixteenBits() throws {
    let values: [UInt16] = [0, 128, 129, 0x7fff, 0xffff]
    let row = values.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    let file = png(width: 5, height: 1, depth: 16, colour: 0, rows: [row])
    #expect(try PNG.decode(file, named: "f").pixels == [0, 0, 1, 127, 255])
    let clear = png(width: 1, height: 1, depth: 16, colour: 4, rows: [[1, 2, 0xf0, 0]])
    #expect(try failure { try PNG.decode(clear, named: "f") }.message.contains("transparent"))
  }

  @Test("a picture that is too large is refused by its header alone")
  func tooLarge() throws {
    for (width, height): (UInt32, UInt32) in [(.max, .max), (1 << 14, 1 << 13), (0, 5)] {
      let file = png(width: width, height: height, depth: 8, colour: 0, rows: [[0]])
      let refusal = try failure { try PNG.decode(file, named: "f") }
      #expect(refusal.message == "f: expected 1 to 67108864 pixels, found \(width) x \(height)")
    }
  }

  @Test("a truncated file is refused, wherever it ends")
  func truncated() throws {
    let file = try PNG.encode(Picture(shape: Self.grey, pixels: noise(Self.grey, 5)))
    for length in 0..<file.count {
      #expect(try failure { try PNG.decode(file.prefix(length), named: "f") }.kind == .badData)
    }
    #expect(
      try failure { try PNG.decode(file.prefix(100), named: "f") }.message
        == "f: the PNG data is cut short")
  }

  @Test("a file with fewer rows than its header states is refused")
  func missingRows() throws {
    let file = png(width: 2, height: 3, depth: 8, colour: 0, rows: [[1, 2], [3, 4]])
    #expect(
      try failure { try PNG.decode(file, named: "f") }.message.hasPrefix(
        "f: the PNG data is corrupt ("))
  }

  @Test("a file with a flipped bit is refused by its checksum")
  func corrupt() throws {
    var file = try PNG.encode(Picture(shape: Self.grey, pixels: noise(Self.grey, 6)))
    file[file.count - 30] ^= 4
    #expect(
      try failure { try PNG.decode(file, named: "f") }.message.hasPrefix(
        "f: the PNG data is corrupt ("))
  }

  @Test("a damaged file is read or refused with a failure")
  func mutations() throws {
    fuzz([UInt8](try PNG.encode(Picture(shape: Self.colour, pixels: noise(Self.colour, 7))))) {
      try PNG.decode($0, named: "f")
    }
  }
}
