import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("IDX")
struct IDXTests {
  private func images(_ bytes: [UInt8]) throws -> IDX.Images {
    try IDX.images(in: Data(bytes), named: "images")
  }
  private func labels(_ bytes: [UInt8]) throws -> [UInt8] {
    try IDX.labels(in: Data(bytes), named: "labels")
  }

  @Test("images and labels are read from gzipped and plain files", arguments: [false, true])
  func reads(zipped: Bool) throws {
    func pack(_ bytes: [UInt8]) -> [UInt8] { zipped ? gzip(bytes) : bytes }
    let images = try images(pack(idxImages(count: 5)))
    #expect((images.count, images.rows, images.columns) == (5, 2, 3))
    #expect(images.pixels == (0..<30).map { UInt8($0) })
    #expect(try labels(pack(idxLabels([3, 1, 2]))) == [3, 1, 2])
  }

  @Test("a truncated file is refused, wherever it ends", arguments: [false, true])
  func truncated(zipped: Bool) throws {
    let whole = idxImages(count: 4)
    for length in 0..<whole.count {
      let file = Array(whole.prefix(length))
      let refusal = try failure { try images(zipped ? gzip(file) : file) }
      #expect(refusal.kind == .badData)
      if length >= 16 {
        #expect(
          refusal.message
            == "images: the header states 4 x 2 x 3 = 24 bytes of images, "
            + "the file holds \(length - 16)"
        )
        #expect(refusal.hint == "the file is cut short: get it again")
      } else if length >= 4 {
        #expect(refusal.message == "images: expected an IDX header of 16 bytes, found \(length)")
      }
    }
  }

  @Test("bytes after the last image are refused")
  func trailing() throws {
    let refusal = try failure { try images(idxImages(count: 4) + [0]) }
    #expect(
      refusal.message
        == "images: the header states 4 x 2 x 3 = 24 bytes of images, the file holds 25"
    )
    let zipped = try failure { try images(gzip(idxImages(count: 4) + [0])) }
    #expect(zipped.message == "images: expected at most 40 bytes after decompression, found more")
  }

  @Test("a file of labels in place of images is refused, and the reverse")
  func swapped() throws {
    let refusal = try failure { try images(idxLabels([UInt8](repeating: 1, count: 20))) }
    #expect(
      refusal
        == .badData(
          "images: expected an IDX file of images (magic number 0x00000803), "
            + "found a file of labels (0x00000801)",
          hint: "are the two files swapped?"))
    #expect(try failure { try labels(idxImages(count: 1)) }.hint == "are the two files swapped?")
  }

  @Test("a file with an unknown magic number is refused")
  func magic() throws {
    let refusal = try failure { try images(bigEndian(0x0000_0d03, 1, 1, 1) + [0, 0, 0, 0]) }
    #expect(
      refusal.message
        == "images: expected an IDX file of images (magic number 0x00000803), found 0x00000d03")
  }

  @Test("sizes whose product is too large are refused before memory is allocated")
  func overflow() throws {
    for sizes: [UInt32] in [[.max, .max, .max], [.max, 28, 28], [1 << 31, 1 << 31, 4]] {
      let refusal = try failure { try images(bigEndian(0x803, sizes[0], sizes[1], sizes[2])) }
      #expect(refusal.message.contains("expected at most 4294967295"))
    }
  }

  @Test("a number of images that a short file cannot hold is refused before memory is allocated")
  func hugeCount() throws {
    let file = gzip(bigEndian(0x803, 5_000_000, 28, 28) + [1, 2, 3])
    let refusal = try failure { try images(file) }
    #expect(
      refusal.message
        == "images: the header states 3920000016 bytes, but \(file.count) compressed bytes may "
        + "decompress to at most 67108864")
  }

  @Test("a file without images or labels is refused")
  func empty() throws {
    #expect(
      try failure { try labels(bigEndian(0x801, 0)) }.message
        == "labels: expected sizes of at least 1 in the header, found 0")
    #expect(try failure { try images(bigEndian(0x803, 3, 0, 28)) }.kind == .badData)
  }

  @Test("a file that does not exist is missing, and a folder in its place is refused")
  func absent() throws {
    let folder = TemporaryFolder()
    let place = folder.url.appending(path: "none")
    #expect(try failure { try IDX.images(at: place) } == .missing("No such file: \(place.path)"))
    #expect(try failure { try IDX.labels(at: folder.url) }.kind == .badData)
  }

  @Test("a damaged file is read or refused with a failure")
  func mutations() {
    fuzz(idxImages(count: 20)) { try IDX.images(in: $0, named: "f") }
    fuzz(gzip(idxImages(count: 20))) { try IDX.images(in: $0, named: "f") }
    fuzz(gzip(idxLabels([1, 2, 3]))) { try IDX.labels(in: $0, named: "f") }
  }
}

@Suite("A folder of IDX files")
struct IDXFolderTests {
  @Test("a split is read from gzipped and plain files, and its classes are numbered by both splits")
  func loads() throws {
    let folder = TemporaryFolder()
    try folder.write(gzip(idxImages(count: 3)), to: "t10k-images-idx3-ubyte.gz")
    try folder.write(idxLabels([0, 2, 1]), to: "t10k-labels-idx1-ubyte")
    try folder.write(idxLabels([4]), to: "train-labels-idx1-ubyte")
    let data = try IDXFolder(folder.url).load(.test, name: "mine")
    #expect(data.count == 3)
    #expect(data.shape == InputShape(channels: 1, height: 2, width: 3))
    #expect(data.classNames == ["0", "1", "2", "3", "4"])
    #expect(data.labels.int64s() == [0, 2, 1])
  }

  @Test("different numbers of images and labels are refused")
  func counts() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 3), to: "train-images-idx3-ubyte")
    let labels = try folder.write(idxLabels([0, 1]), to: "train-labels-idx1-ubyte")
    let refusal = try failure { try IDXFolder(folder.url).load(.train, name: "mine") }
    #expect(
      refusal.message
        == "\(labels.path): expected 3 labels, "
        + "one for each image of train-images-idx3-ubyte, found 2")
  }

  @Test("a label without a class is refused with the number of its image")
  func labels() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 3), to: "train-images-idx3-ubyte")
    let labels = try folder.write(idxLabels([0, 1, 9]), to: "train-labels-idx1-ubyte")
    let refusal = try failure {
      try IDXFolder(folder.url).load(.train, name: "mine", classNames: ["a", "b"])
    }
    #expect(refusal == .badData("\(labels.path): expected labels from 0 to 1, found 9 for image 2"))
  }

  @Test("the error about a missing file names it")
  func missing() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 3), to: "train-images-idx3-ubyte")
    let refusal = try failure { try IDXFolder(folder.url).load(.train, name: "mine") }
    #expect(
      refusal.message
        == "No such file: \(folder.url.path)/train-labels-idx1-ubyte, nor train-labels-idx1-ubyte.gz"
    )
  }

  @Test("a small gzip file that decompresses to a very large one is refused by its header")
  func bomb() throws {
    // 160 KB that become 160 MB, as the header says.
    let file = Data(
      gzip(bigEndian(0x803, 10_000, 128, 128) + [UInt8](repeating: 0, count: 10_000 * 128 * 128)))
    let refusal = try failure { try IDX.images(in: file, named: "f") }
    #expect(
      refusal.message.hasPrefix(
        "f: the header states 163840016 bytes, but \(file.count) compressed bytes may"))
  }
}
