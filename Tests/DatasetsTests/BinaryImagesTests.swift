import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Images of two values")
struct BinaryImagesTests {
  private let folder = TemporaryFolder()
  private let two = Tensor([0, 1] as [Int64], shape: [2])
  private let truths = Tensor([0, 1, 1, 0] as [UInt8], shape: [2, 1, 1, 2])

  private func load(_ images: Tensor, _ options: String = "", _ format: WrittenFormat = .npz) throws
    -> LabelledImages
  {
    let path = try format.write([("images", images), ("labels", two)], to: folder)
    return try DataReference(path + options).load(defaultSplit: .test)
  }

  @Test("truth values are the ends of the value range", arguments: WrittenFormat.allCases)
  func bool(format: WrittenFormat) throws {
    let data = try load(truths.to(.bool), "", format)
    #expect(data.batch(0..<2).images.floats() == [0, 1, 1, 0])
    #expect(data.notes.isEmpty)
    let wide = try load(truths.to(.bool), ":range=-1..1", format)
    #expect(wide.batch(0..<2).images.floats() == [-1, 1, 1, -1])
    let table = try load(truths.to(.bool).reshaped([2, 2]), "", format)
    #expect(table.batch(0..<2).images.floats() == [0, 1, 1, 0])
  }

  @Test("any byte but 0 is true in NumPy's truth values, in both orders of dimensions")
  func bytes() throws {
    let header = "{'descr': '|b1', 'fortran_order': True, 'shape': (2, 2), }"
    let file =
      NPY.signature + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + [0, 2, 255, 0]
    let tensor = try NPY.tensor(file, named: "f")
    #expect(tensor.type == .bool && tensor.int64s() == [0, 1, 1, 0])
  }

  @Test("bytes of which the largest is 1 are refused, and read as truth values as the hint says")
  func zeroOne() throws {
    for images in [truths, truths.reshaped([2, 2])] {
      let refusal = try failure { try load(images) }
      #expect(
        refusal.message.hasSuffix(
          "images: expected bytes from 0 to 255, found only 0 and 1, which is nearly black"))
      #expect(refusal.hint == "if 1 is white, save them as truth values, images.astype('bool')")
    }
    #expect(try load(Tensor.zeros([2, 1, 1, 2], type: .uint8)).count == 2)
    #expect(try load(Tensor([0, 2, 1, 0] as [UInt8], shape: [2, 1, 1, 2])).count == 2)
  }

  @Test("floating-point images that are nearly black are noticed")
  func darkFloats() throws {
    let dark = Tensor([0, 1 / 255, 0, 0.002] as [Float], shape: [2, 1, 1, 2])
    #expect(try load(dark).notes.first?.contains("all images are nearly black") == true)
    let bright = Tensor([0, 1, 0, 0.002] as [Float], shape: [2, 1, 1, 2])
    #expect(try load(bright).notes.isEmpty)
    #expect(try load(bright, ":range=0..255").notes.first?.contains("0 to 255") == true)
    #expect(try load(dark.reshaped([2, 2])).notes.isEmpty)
  }

  @Test("pictures and IDX files whose pixels are all 0 or 1 are noticed, also when streamed")
  func darkPictures() throws {
    try folder.write(try flatPNG(1), to: "p/a/1.png")
    try folder.write(try flatPNG(0), to: "p/b/1.png")
    let place = folder.url.appending(path: "p")
    let notes = try DataReference(place.path).load(defaultSplit: .test).notes
    #expect(notes.count == 1 && notes[0].contains("every pixel is 0 or 1 of 255"))
    let streamed = try #require(try PictureFolder(place, .none(), memory: 4))
    #expect(try streamed.load(nil, name: place.path) { _, _ in }.notes == notes)
    try folder.write(try flatPNG(2), to: "p/b/1.png")
    #expect(try DataReference(place.path).load(defaultSplit: .test).notes.isEmpty)
    try folder.write(bigEndian(0x803, 2, 1, 2) + [0, 1, 1, 0], to: "i/t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 1]), to: "i/t10k-labels-idx1-ubyte")
    let idx = try DataReference(folder.url.path + "/i").load(defaultSplit: .test)
    #expect(idx.notes.count == 1 && idx.notes[0].contains("write them again with values up to 255"))
  }

  /// An array in an uncompressed MATLAB file.
  private func matlab(
    _ name: String, _ sizes: [Int], type: Int, isLogical: Bool = false, _ bytes: [UInt8]
  ) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    func element(_ type: Int, _ bytes: [UInt8]) -> [UInt8] {
      word(type) + word(bytes.count) + bytes
        + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8)
    }
    let flags = element(6, word(isLogical ? 0x209 : 9) + word(0))
    let dimensions = element(5, sizes.flatMap(word))
    return element(14, flags + dimensions + element(1, Array(name.utf8)) + element(type, bytes))
  }

  private let matlabHeader = [UInt8](repeating: 32, count: 124) + [0, 1] + Array("IM".utf8)

  @Test(
    "labels of every type of numbers that MATLAB writes are read",
    arguments: [1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 12: 8, 13: 8])
  func matlabIntegers(type: Int, width: Int) throws {
    let labels = [10, 1].flatMap { [UInt8($0)] + [UInt8](repeating: 0, count: width - 1) }
    let pixels = [UInt8](repeating: 9, count: 24)
    try folder.write(
      matlabHeader + matlab("X", [2, 2, 3, 2], type: 2, pixels)
        + matlab("y", [2, 1], type: type, labels), to: "x.mat")
    let data = try DataReference(folder.url.path + "/x.mat").load(defaultSplit: .test)
    #expect(data.labels.int64s() == [0, 1])
    if [1, 3, 5, 12].contains(type) {
      let minus = [UInt8](repeating: 255, count: 2 * width)
      try folder.write(
        matlabHeader + matlab("X", [2, 2, 3, 2], type: 2, pixels)
          + matlab("y", [2, 1], type: type, minus), to: "x.mat")
      #expect(
        try failure { try DataReference(folder.url.path + "/x.mat").load(defaultSplit: .test) }
          .message.hasSuffix("expected labels from 1 to 10, found -1.0"))
    }
  }

  @Test("MATLAB's truth values are black and white, and numbers that are not bytes are refused")
  func matlabLogical() throws {
    let pixels = (0..<12).map { UInt8($0 % 2) }
    let labels = matlab("y", [1, 1], type: 2, [1])
    func load(_ images: [UInt8]) throws -> LabelledImages {
      try folder.write(matlabHeader + images + labels, to: "x.mat")
      return try DataReference(folder.url.path + "/x.mat").load(defaultSplit: .test)
    }
    let logical = try load(matlab("X", [2, 2, 3, 1], type: 2, isLogical: true, pixels))
    #expect(Set(logical.batch(0..<1).images.floats()) == [0, 1] && logical.notes.isEmpty)
    #expect(try load(matlab("X", [2, 2, 3, 1], type: 2, pixels)).notes.count == 1)
    let floats = matlab("X", [2, 2, 3, 1], type: 7, [UInt8](repeating: 0, count: 48))
    let refusal = try failure { try load(floats) }
    #expect(refusal.message.hasSuffix("found numbers that are not bytes of sizes [2, 2, 3, 1]"))
    #expect(refusal.hint?.contains("uint8(255 * X)") == true)
  }
}
