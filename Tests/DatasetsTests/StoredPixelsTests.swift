import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("The storage of pixels")
struct StoredPixelsTests {
  private let bytes = Tensor([0, 51, 102, 255, 5, 6] as [UInt8], shape: [3, 1, 1, 2])
  private let scaling = ChannelScaling(mean: [0, 0.5, 1], deviation: [1, 0.5, 2])

  private func grey() throws -> LabelledImages {
    try LabelledImages(
      name: "x", classNames: ["a", "b"], bytes: bytes, scaling: scaling, labels: [0, 1, 0],
      groups: [1, 0, 0], groupNames: ["g", "h"], masks: bytes.isGreater(than: 50))
  }

  /// The same images with all their values in memory.
  private func whole() throws -> LabelledImages {
    let data = try grey()
    return try LabelledImages(
      name: "x", classNames: ["a", "b"], pixels: data.batch(0..<3).images, labels: [0, 1, 0],
      groups: [1, 0, 0], masks: data.batch(0..<3).annotations.masks, valueRange: data.valueRange)
  }

  @Test("a grey picture is kept once and given out in several channels, each with its own scale")
  func channels() throws {
    let data = try grey()
    #expect(data.shape == InputShape(channels: 3, height: 1, width: 2))
    #expect(data.batch(0..<1).images.floats() == [0, 0.2, -1, -0.6, -0.5, -0.4])
    let middle = data.batch(1..<2).images.narrow(1, 1, 1).floats()
    #expect(abs(middle[0] + 0.2) < 1e-6 && middle[1] == 1)
    #expect(data.valueRange == -1...1)
    #expect(data.batch(0..<1).annotations.masks?.floats() == [0, 1, 0, 1, 0, 1])
    #expect(data.groupNames == ["g", "h"])
  }

  @Test("parts of such pictures have the values of the whole, and so have their fingerprints")
  func parts() throws {
    let (data, same) = (try grey(), try whole())
    let indices = Tensor([2, 0] as [Int64], shape: [2])
    func check(_ a: LabelledImages, _ b: LabelledImages) {
      let range = 0..<a.count
      #expect(a.batch(range).images.floats() == b.batch(range).images.floats())
      #expect(
        a.batch(range).annotations.masks?.floats() == b.batch(range).annotations.masks?.floats())
      #expect(a.fingerprint == b.fingerprint && a.imageDigests == b.imageDigests)
    }
    check(data, same)
    check(data.subset(1..<3), same.subset(1..<3))
    check(data.choosing([2, 1]), same.choosing([2, 1]))
    #expect(data.batch(at: indices).images.floats() == same.batch(at: indices).images.floats())
    #expect(data.pixels.floats() == same.pixels.floats())
  }

  @Test("range states the values of the pixels of a named data set")
  func range() throws {
    let (plain, raw) = (
      try DataReference("synthetic").load(.test),
      try DataReference("synthetic:range=0..255").load(.test)
    )
    #expect(raw.valueRange == 0...255 && raw.name == plain.name)
    #expect(raw.batch(0..<9).images.floats() == plain.prefix(9).pixels.bytes().map(Float.init))
    #expect(raw.fingerprint != plain.fingerprint)
    #expect(
      try failure { try DataReference("synthetic:range=1..0").load(.test) }.kind == .badData)
    #expect(try failure { try whole().spanning(0...2) }.kind == .badData)
  }
}
