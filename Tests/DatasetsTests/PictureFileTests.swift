import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// Pictures, and what PIL and torchvision decode and resize them to. scripts/picture_fixtures.py
/// wrote them.
enum PictureFixture {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Fixtures/pictures")
  static func url(_ name: String) -> URL { folder.appending(path: name) }

  /// The names of the pictures for which there is a picture that PIL decoded.
  static let names: [String] = {
    let all = try! FileManager.default.contentsOfDirectory(atPath: folder.path)
    return all.filter { $0.hasSuffix(".pil.png") }.map { String($0.dropLast(8)) }.sorted()
  }()
}

/// The largest difference between two pictures of one shape.
private func distance(_ a: Raster, _ b: Raster) -> Int {
  zip(a.bytes, b.bytes).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

@Suite("Picture files")
struct PictureFileTests {
  @Test(
    "every kind of PNG and JPEG file is decoded to the pixels that PIL gives",
    arguments: PictureFixture.names)
  func decoded(name: String) throws {
    let expected = try PictureFile.read(PictureFixture.url(name + ".pil.png"))
    let found = try PictureFile.read(PictureFixture.url(name))
    #expect(found.shape == expected.shape)
    // JPEG libraries may round their two transforms differently, which changes a pixel by one.
    #expect(distance(found, expected) <= (name.hasSuffix("jpg") ? 1 : 0))
  }

  @Test("the number of fixtures is complete")
  func complete() { #expect(PictureFixture.names.count == 15) }

  @Test(
    "resizing and cropping give the bytes of torchvision",
    arguments: ["wide", "tall", "up", "odd"],
    [false, true])
  func resized(name: String, grey: Bool) throws {
    let expected = try PictureFile.read(
      PictureFixture.url("resized/\(name).\(grey ? "grey" : "expected").png"))
    var preparation = PicturePreparation()
    preparation.crop = expected.shape.width
    preparation.resize = expected.shape.width + 5
    preparation.channels = grey ? 1 : nil
    let file = PictureFixture.url("resized/\(name).png")
    let found = try preparation.apply(to: PictureFile.read(file), named: name)
    #expect(found.shape == expected.shape)
    #expect(found.bytes == expected.bytes)
  }

  @Test("a picture of one value keeps this value at every size")
  func constant() {
    let flat = Raster(
      shape: InputShape(channels: 3, height: 9, width: 14), bytes: .init(repeating: 201, count: 378)
    )
    for (height, width) in [(1, 1), (3, 40), (31, 5), (9, 14)] {
      #expect(
        flat.resized(height: height, width: width).bytes
          == .init(repeating: 201, count: 3 * height * width))
    }
  }

  @Test("planes hold one channel each, and a grey picture fills all of them")
  func planes() throws {
    let shape = InputShape(channels: 3, height: 1, width: 2)
    let two = try Raster(shape: shape, pixelBytes: 4) { out in
      for (place, byte) in ([1, 2, 3, 99, 4, 5, 6, 99] as [UInt8]).enumerated() {
        out[place] = byte
      }
    }
    var out = [UInt8](repeating: 0, count: 6)
    two.write(to: &out, channels: 3)
    #expect(out == [1, 4, 2, 5, 3, 6])
    let grey = Raster(shape: InputShape(channels: 1, height: 1, width: 2), bytes: [7, 255])
    grey.write(to: &out, channels: 3)
    #expect(out == [7, 255, 7, 255, 7, 255])
  }

  @Test("fractions are exactly the bytes divided by 255")
  func fractions() {
    let bytes = (0...255).map(UInt8.init)
    var out = [Float](repeating: 0, count: 768)
    let grey = Raster(shape: InputShape(channels: 1, height: 16, width: 16), bytes: bytes)
    grey.writeFractions(to: &out, channels: 3)
    #expect(out == (bytes + bytes + bytes).map { Float($0) / 255 })
  }

  @Test(
    "splitting and dividing pixels gives the same in vector registers and in the rest of a row"
  )
  func edges() throws {
    for width in [1, 15, 16, 17, 33, 70] {
      let shape = InputShape(channels: 3, height: 1, width: width)
      let pixels = (0..<4 * width).map { UInt8(truncatingIfNeeded: 37 * $0 + 11) }
      let picture = try Raster(shape: shape, pixelBytes: 4) {
        _ = $0.update(fromContentsOf: pixels)
      }
      #expect(
        picture.bytes == (0..<3).flatMap { plane in (0..<width).map { pixels[4 * $0 + plane] } })
      for start in 0..<17 {
        var out = [Float](repeating: -1, count: start + shape.count + 1)
        out.withUnsafeMutableBufferPointer {
          picture.writeFractions(to: $0.baseAddress! + start, channels: 3)
        }
        #expect(
          out[start..<start + shape.count].elementsEqual(picture.bytes.map { Float($0) / 255 }))
        #expect(out[..<start].allSatisfy { $0 == -1 } && out[out.count - 1] == -1)
      }
    }
  }

  @Test("a picture with a transparent pixel is refused")
  func transparent() throws {
    let refusal = try failure { try PictureFile.read(PictureFixture.url("transparent.png")) }
    #expect(refusal.message.hasSuffix("expected an opaque picture, found transparent pixels"))
  }

  @Test(
    "a JPEG file that ends early or is damaged is refused, though libjpeg would decode it"
  )
  func damaged() throws {
    let file = try Data(contentsOf: PictureFixture.url("rgb.jpg"))
    for length in stride(from: 0, to: file.count - 2, by: 97) {
      #expect(try failure { try JPEG.decode(file.prefix(length), named: "f") }.kind == .badData)
    }
    var broken = file
    broken.replaceSubrange(file.count / 2..<file.count / 2 + 4, with: [0xff, 0xd9, 0xff, 0xd9])
    #expect(
      try failure { try JPEG.decode(broken, named: "f") }.message.hasPrefix(
        "f: the JPEG data is corrupt ("))
  }

  @Test("a JPEG file that claims 65500 x 65500 pixels is refused by its header alone")
  func hugeJPEG() throws {
    var file = [UInt8](try Data(contentsOf: PictureFixture.url("grey.jpg")))
    let frame = try #require(file.indices.first { file[$0] == 0xff && file[$0 + 1] == 0xc0 })
    file.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xdc, 0xff, 0xdc])
    let refusal = try failure { try JPEG.decode(Data(file), named: "f") }
    #expect(refusal.message == "f: expected 1 to 67108864 pixels, found 65500 x 65500")
  }

  @Test("a progressive JPEG file with thousands of scans is refused")
  func manyScans() throws {
    let file = [UInt8](try Data(contentsOf: PictureFixture.url("progressive.jpg")))
    let scans = file.indices.dropLast().filter { file[$0] == 0xff && file[$0 + 1] == 0xda }
    // The last scan is repeated, so that a small file would take long to decode.
    let last = Array(file[scans.last!..<file.count - 2])
    let bomb = Array(file.dropLast(2)) + (0..<2000).flatMap { _ in last } + [0xff, 0xd9]
    let refusal = try failure { try JPEG.decode(Data(bomb), named: "f") }
    #expect(refusal.message.hasPrefix("f: the JPEG data is corrupt ("))
  }

  @Test("an empty file and a file of another format are refused with different messages")
  func others() throws {
    let folder = TemporaryFolder()
    #expect(
      try failure { try PictureFile.read(folder.write([], to: "a.png")) }.message.hasSuffix(
        ": the file is empty"))
    #expect(
      try failure { try PictureFile.read(folder.write(Array("GIF89a".utf8), to: "b.png")) }.message
        .hasSuffix("expected a PNG or JPEG picture, found other data"))
  }

  @Test(
    "a damaged file is read or refused with a failure",
    arguments: ["rgb.jpg", "progressive.jpg", "cmyk.jpg", "rgb16.png"])
  func mutations(name: String) throws {
    let file = try Data(contentsOf: PictureFixture.url(name))
    fuzz([UInt8](file), rounds: 200) { data in
      data.starts(with: JPEG.signature)
        ? try JPEG.decode(data, named: "f") : try PNG.raster(data, named: "f")
    }
  }
}
