import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// Files of arrays that Python's libraries wrote. scripts/array_fixtures.py makes them.
enum ArrayFixture {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Fixtures/arrays")
  static func url(_ name: String) -> URL { folder.appending(path: name) }
  static func load(_ name: String) throws -> LabelledImages {
    try DataReference(url(name).path).load(defaultSplit: .test)
  }

  /// The pixels of the five images that each file holds.
  static let pixels: [UInt8] = (0..<120).map { (place: Int) -> UInt8 in
    let (n, c, h, w) = (place / 24, place / 8 % 3, place / 4 % 2, place % 4)
    return UInt8((50 * n + 12 * c + 4 * h + w) % 256)
  }

  /// The group of each image.
  static let groups: [Int64] = [3, 0, 1, 3, 1]

  /// The mask of each pixel.
  static let masks: [Float] = (0..<120).map { (place: Int) -> Float in
    let (n, h, w) = (place / 24, place / 4 % 2, place % 4)
    return (n + h + w) % 3 == 0 ? 1 : 0
  }
}

@Suite("Files of arrays")
struct ArrayFileTests {
  private typealias Fixture = ArrayFixture

  @Test(
    "every format, byte order and order of dimensions gives the same images",
    arguments: [
      "plain.npz", "compressed.npz", "fortran.npz", "floats.npz", "doubles.npz", "npy",
      "npy/images.npy",
      "set.safetensors",
      "floats.safetensors", "compressed.mat", "plain.mat",
    ])
  func everyFormat(name: String) throws {
    let data = try Fixture.load(name)
    #expect(data.shape == InputShape(channels: 3, height: 2, width: 4))
    let bytes = (data.batch(0..<5).images * 255).floats().map { UInt8($0.rounded()) }
    #expect(bytes == Fixture.pixels)
    #expect(data.labels.int64s() == [0, 2, 1, 2, 0])
    let names =
      name.hasSuffix("mat")
      ? (0...9).map(String.init)
      : name == "set.safetensors" ? ["cat", "dog", "cow"] : ["0", "1", "2"]
    #expect(data.classNames == names)
  }

  @Test("arrays with Keras' names are two splits, which share their classes")
  func keras() throws {
    let path = Fixture.url("keras.npz").path
    let (train, test) = (try DataReference(path).load(.train), try DataReference(path).load(.test))
    #expect(train.labels.int64s() == [0, 2, 1] && test.labels.int64s() == [2, 0])
    #expect(train.pixels.bytes() + test.pixels.bytes() == Fixture.pixels)
    #expect(test.classNames == ["0", "1", "2"])
    #expect(try DataReference(path + ":train:classes=7").load(.train).classCount == 7)
  }

  @Test("float images have the values of bytes divided by 255, but another fingerprint")
  func floats() throws {
    let (bytes, floats) = (try Fixture.load("plain.npz"), try Fixture.load("floats.npz"))
    #expect(bytes.batch(1..<4).images.floats() == floats.batch(1..<4).images.floats())
    #expect(bytes.fingerprint != floats.fingerprint)
    #expect(bytes.fingerprint == (try Fixture.load("set.safetensors").fingerprint))
  }

  /// An .npy file with a given header.
  private func npy(_ header: String, _ body: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
    let length = header.utf8.count
    return NPY.signature + [version, 0, UInt8(length & 255), UInt8(length >> 8)]
      + Array(header.utf8) + body
  }

  private func header(_ type: String, _ shape: String) -> String {
    "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }\n"
  }

  @Test("sizes that overflow, are negative or do not fit the file are refused")
  func lies() throws {
    for (shape, words) in [
      ("4294967296, 4294967296, 4294967296", "expected at most 1073741824"),
      ("9223372036854775807, 2", "expected at most 1073741824"),
      ("-1, 3", "impossible size"), ("99999999999999999999", "impossible size"),
      ("3,", "the file holds 2"),
      ("1, 1, 1, 1, 1, 1, 1, 1, 2", "9 dimensions"), ("1073741825,", "expected at most 1073741824"),
    ] {
      let refusal = try failure { try NPY.tensor(npy(header("|u1", shape), [1, 2]), named: "f") }
      #expect(refusal.message.contains(words), "\(shape): \(refusal.message)")
    }
    #expect(
      try failure { try NPY.tensor(npy(header("|O", "2,"), [1, 2]), named: "f") }.message.contains(
        "found Python objects ('|O')"))
    #expect(
      try failure { try NPY.tensor(npy("{'descr': [('a', '<i4')]", []), named: "f") }.message
        .contains("records"))
    #expect(
      try failure { try NPY.tensor(npy("{}", [], version: 9), named: "f") }.message.contains(
        "expected an .npy file of version 1 to 3, found version 9"))
  }

  @Test("a small zip member that claims a large size is refused before it is decompressed")
  func zipBomb() throws {
    var archive = try Data(contentsOf: Fixture.url("compressed.npz"))
    let entry = try #require(
      archive.indices.first { archive[$0...].starts(with: [0x50, 0x4b, 1, 2]) })
    archive.replaceSubrange(entry + 24..<entry + 28, with: [0, 0, 0, 0x3f])
    let zip = try ZipArchive(archive, what: "f")
    let name = try #require(zip.names.first)
    #expect(
      try failure { try zip.content("images.npy") }.message.contains(
        "far more than arrays of images do"),
      "\(name)")
  }

  @Test(
    "members of a zip archive are found by name, and their checksums are verified")
  func zipMembers() throws {
    var archive = try Data(contentsOf: Fixture.url("plain.npz"))
    #expect(try ZipArchive(archive, what: "f").names == ["images.npy", "labels.npy"])
    archive[200] ^= 1
    let changed = try failure { try ZipArchive(archive, what: "f").content("images.npy") }
    #expect(changed.message.contains("its size or checksum"))
    let cut = try failure { try ZipArchive(archive.prefix(300), what: "f") }
    #expect(cut.message.hasPrefix("f is not a sound zip archive"))
    let misspelt = try failure { try ZipArchive(archive, what: "f").content("image.npy") }
    #expect(misspelt.hint?.hasPrefix("did you mean 'images.npy'?") == true)
  }

  @Test(
    "SVHN's label 10 is the digit 0, and grey images have the colour weights of A. Ross' thesis")
  func svhn() throws {
    let path = Fixture.url("compressed.mat").path
    let grey = try DataReference(path + ":colour=grey").load(.test)
    let colour = try Fixture.load("compressed.mat").batch(0..<5).images
    let expected = (0..<3).map { colour.narrow(1, $0, 1) * [0.2989, 0.5870, 0.1140][$0] }
    let distance = (grey.batch(0..<5).images - (expected[0] + expected[1] + expected[2])).absolute
      .max()
      .scalar
    #expect(grey.shape.channels == 1 && distance <= 0.5001 / 255)
  }

  @Test(
    "published SVHN images are read",
    .enabled(
      if: RealDataTests.folders.chosen.map {
        FileManager.default.fileExists(atPath: $0.path + "/sample_32x32.mat")
      }
        == true,
      "CROSSFIRE_DATA has no sample_32x32.mat"))
  func realSVHN() throws {
    let data = try DataReference(RealDataTests.folders.chosen!.path + "/sample_32x32.mat").load(
      .test)
    #expect(data.count == 40 && data.shape.sizes == [3, 32, 32])
    #expect(data.histogram.reduce(0, +) == 40)
  }

  @Test(
    "a truncated MATLAB file is refused, and so is a small element that decompresses to a large one"
  )
  func damagedMATLAB() throws {
    let file = [UInt8](try Data(contentsOf: Fixture.url("plain.mat")))
    for length in stride(from: 0, to: file.count, by: 7) {
      #expect(
        try failure { try MATLAB.arrays(["X", "y"], in: Array(file.prefix(length)), named: "f") }
          .kind == .badData)
    }
    let zeros = deflated([UInt8](repeating: 0, count: 200 << 20), windowBits: 15)
    let bomb =
      Array(file.prefix(128)) + [15, 0, 0, 0] + (0..<4).map { UInt8(zeros.count >> (8 * $0) & 255) }
      + zeros
    #expect(
      try failure { try MATLAB.arrays(["X"], in: bomb, named: "f") }.message.contains(
        "after decompression, found more"))
  }

  @Test("a damaged file is read or refused with a failure")
  func mutations() throws {
    fuzz([UInt8](try Data(contentsOf: Fixture.url("compressed.mat")))) {
      try MATLAB.arrays(["X", "y"], in: [UInt8]($0), named: "f")
    }
    fuzz([UInt8](try Data(contentsOf: Fixture.url("npy/images.npy")))) {
      try NPY.tensor([UInt8]($0), named: "f")
    }
    fuzz([UInt8](try Data(contentsOf: Fixture.url("compressed.npz")))) {
      let zip = try ZipArchive($0, what: "f")
      return try zip.names.map(zip.content)
    }
  }
}
