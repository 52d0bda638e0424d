import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Checks of data sets")
struct DataCheckTests {
  private func row(_ check: DataCheck, _ subject: String, _ split: Split? = .test) -> DataCheck.Row?
  {
    check.rows.first { $0.subject == subject && $0.split == split }
  }

  @Test("the check of a data set that is drawn passes")
  func drawn() throws {
    let check = try DataReference("synthetic").check()
    #expect(check.passed)
    #expect(row(check, "images", .train)?.found == "2000")
    #expect(row(check, "shape")?.expected == "1x28x28")
    #expect(row(check, "images per class")?.found.hasPrefix("0: 50, 1: 50") == true)
  }

  @Test("files other than the published ones fail the check, each with what was expected")
  func impostor() throws {
    let folder = TemporaryFolder()
    let pixels = [UInt8](repeating: 9, count: 2 * 784)
    try folder.write(
      gzip(bigEndian(0x803, 2, 28, 28) + pixels), to: "mnist/t10k-images-idx3-ubyte.gz")
    try folder.write(idxLabels([0, 1]), to: "mnist/t10k-labels-idx1-ubyte")
    let folders = DataFolders(environment: [
      "CROSSFIRE_DATA": folder.url.path, "XDG_CACHE_HOME": "/no/cache",
    ])
    let check = try DataReference("mnist").check(folders: folders)
    #expect(!check.passed)
    #expect(row(check, "readable")?.verdict == .good)
    #expect(row(check, "images")?.verdict == .bad)
    #expect(row(check, "images")?.expected == "10000")
    #expect(row(check, "images per class")?.verdict == .bad)
    let images = try #require(row(check, "t10k-images-idx3-ubyte.gz"))
    #expect(images.expected == "md5 2646ac647ad5339dbf082846283269ea")
    #expect(images.verdict == .bad)
    #expect(row(check, "t10k-labels-idx1-ubyte")?.verdict == .bad)
    #expect(row(check, "readable", .train)?.found == "not on this machine")
  }

  @Test("a file that cannot be read makes a row, not an error")
  func unreadable() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 2).dropLast(), to: "t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 1]), to: "t10k-labels-idx1-ubyte")
    let check = try DataReference(folder.url.path).check()
    #expect(!check.passed)
    #expect(check.rows.count == 1)
    #expect(row(check, "readable")?.found.contains("the file holds 11") == true)
  }

  @Test("a user's own folder passes the check if it can be read")
  func own() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 2), to: "t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 2]), to: "t10k-labels-idx1-ubyte")
    let check = try DataReference(folder.url.path).check()
    #expect(check.passed)
    #expect(check.rows.map(\.verdict) == [.good, .unknown, .unknown, .unknown, .unknown])
  }

  @Test("the check of a data set that is not on this machine fails as missing")
  func missing() throws {
    let folders = DataFolders(environment: ["XDG_CACHE_HOME": "/no/cache"])
    #expect(try failure { try DataReference("mnist").check(folders: folders) }.kind == .missing)
  }

  /// Pictures of a train and a test set, two classes, each with one value.
  private func write(_ train: Range<Int>, _ test: Range<Int>, to folder: TemporaryFolder) throws {
    for (split, values) in [("train", train), ("test", test)] {
      for value in values {
        try folder.write(
          try flatPNG(UInt8(value)), to: "\(split)/\(value % 2 == 0 ? "a" : "b")/\(value).png")
      }
    }
  }

  private static let overlap = "test images that are also training images"

  @Test("test images that are also training images are counted, and many fail the check")
  func overlap() throws {
    for (train, test, verdict, found) in [
      (10..<20, 20..<26, DataCheck.Row.Verdict.good, "none"),
      (10..<20, 16..<22, .bad, "4 of 6 (66.67 %), such as test image 0, which is training image 6"),
      (10..<20, 10..<20, .bad, "10 of 10 (100 %), such as test image 0, which is training image 0"),
      (10..<12, 11..<131, .warning, "1 of 120 (0.83 %), such as test image "),
    ] {
      let folder = TemporaryFolder()
      try write(train, test, to: folder)
      let check = try DataReference(folder.url.path).check()
      let line = try #require(row(check, Self.overlap, nil))
      #expect(line.verdict == verdict && line.found.hasPrefix(found), "\(line)")
      #expect(check.passed == (verdict != .bad))
    }
    let one = TemporaryFolder()
    try write(10..<20, 10..<20, to: one)
    let test = try DataReference(one.url.path + ":test").check()
    #expect(row(test, Self.overlap, nil) == nil && test.passed)
  }

  @Test("rows of a table may be equal by chance, but not all of them")
  func tables() throws {
    func verdict(_ test: [Float]) throws -> DataCheck.Row.Verdict? {
      let folder = TemporaryFolder()
      let path = try WrittenFormat.npz.write(
        [
          ("train_images", Tensor([0, 0, 0, 1] as [Float], shape: [2, 2])),
          ("train_labels", Tensor([0, 1] as [Int64], shape: [2])),
          ("test_images", Tensor(test, shape: [2, 2])),
          ("test_labels", Tensor([0, 1] as [Int64], shape: [2])),
        ], to: folder)
      return row(try DataReference(path).check(), Self.overlap, nil)?.verdict
    }
    #expect(try verdict([1, 1, 0, 1]) == .warning)
    #expect(try verdict([0, 1, 0, 0]) == .bad)
    #expect(try verdict([1, 1, 1, 0]) == .good)
  }

  @Test("the digests of pictures in memory are those of pictures that stay in their files")
  func digests() throws {
    let folder = TemporaryFolder()
    try write(10..<14, 10..<14, to: folder)
    let place = folder.url.appending(path: "test")
    let whole = try DataReference(place.path).load(defaultSplit: .test)
    let stream = try #require(try PictureFolder(place, .none(), memory: 4))
      .load(nil, name: "s") { _, _ in }
    #expect(stream.isStreamed && Set(whole.imageDigests).count == 4)
    #expect(whole.imageDigests == stream.imageDigests)
  }

  @Test("the same images in bytes and in floating-point numbers have the same digests")
  func digestsOfValues() throws {
    let bytes = Tensor((0..<256).map { UInt8($0) }, shape: [4, 1, 8, 8])
    func digests(_ pixels: Tensor, _ range: ClosedRange<Double> = 0...1) throws -> [[UInt8]] {
      try LabelledImages(
        name: "x", classNames: ["a"], pixels: pixels, labels: [0, 0, 0, 0], valueRange: range
      ).imageDigests
    }
    let numbers = bytes.to(.float32)
    #expect(try digests(bytes) == digests(numbers / 255))
    #expect(try digests(bytes) == digests(numbers, 0...255))
    #expect(try digests(bytes) == digests(numbers / 127.5 - 1, -1...1))
    #expect(try Set(digests(bytes)).isDisjoint(with: digests(numbers / 256)))
  }
}
