import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Data sets that are published as archives")
struct PublishedArchiveTests {
  private let folder: TemporaryFolder
  init() throws { folder = TemporaryFolder() }

  /// The catalog's entry of notMNIST, with the given files at an address in the test's folder.
  private func letters(_ small: [UInt8], _ large: [UInt8]) throws -> DatasetEntry {
    try folder.write(small, to: "server/notMNIST_small.tar.gz")
    try folder.write(large, to: "server/notMNIST_large.tar.gz")
    let known = try DatasetCatalog.entry(named: "notmnist")
    let files = zip(known.files, [small, large]).map { file, content in
      DatasetEntry.File(
        name: file.name, size: content.count, checksum: nil, contentChecksum: nil,
        splits: file.splits,
        unpacksTo: file.unpacksTo)
    }
    return DatasetEntry(
      name: known.name, summary: known.summary, classNames: known.classNames, shape: known.shape,
      counts: [:],
      format: known.format,
      origin: .addresses([
        folder.url.appending(path: "gone/").absoluteString,
        folder.url.appending(path: "server/").absoluteString,
      ]),
      files: files)
  }

  /// An archive like notMNIST's, with `corrupt` files that are not pictures.
  private func archive(_ name: String, each: Int, corrupt: Int) throws -> [UInt8] {
    var members = [TarMember(path: name, kind: "5")]
    for letter in "ABCDEFGHIJ" {
      for index in 0..<each {
        let picture = [UInt8](try flatPNG(UInt8(index), side: 28))
        members.append(TarMember(path: "\(name)/\(letter)/\(index).png", content: picture))
      }
    }
    for index in 0..<corrupt { members.append(TarMember(path: "\(name)/F/corrupt\(index).png")) }
    return tar(members)
  }

  @Test(
    "notMNIST is downloaded, unpacked and read, and its two corrupt files are reported and left out"
  )
  func notMNIST() throws {
    let entry = try letters(
      archive("notMNIST_small", each: 21, corrupt: 2),
      archive("notMNIST_large", each: 1, corrupt: 0))
    let place = folder.url.appending(path: "cache/notmnist")
    #expect(!entry.isPresent(.test, in: place))
    #expect(try entry.download(to: place).map(\.outcome) == [.downloaded, .downloaded])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: place.path).sorted() == [
        "notMNIST_large", "notMNIST_small",
      ])
    #expect(entry.isPresent(.test, in: place) && entry.isPresent(.train, in: place))
    let test = try entry.load(.test, from: place)
    #expect(test.count == 210 && test.classNames.joined() == "ABCDEFGHIJ")
    #expect(test.notes.count == 1 && test.notes[0].contains("2 of 212 pictures cannot be read"))
    #expect(test.notes[0].contains("F/corrupt0.png: the file is empty"))
    #expect(try entry.load(.train, from: place).count == 10)
    #expect(try entry.download(to: place).map(\.outcome) == [.alreadyThere, .alreadyThere])
  }

  @Test("an archive of another size is refused, and one with a hostile path unpacks nothing")
  func refused() throws {
    let good = try archive("notMNIST_small", each: 1, corrupt: 0)
    let evil = tar([TarMember(path: "notMNIST_large/../../../evil.png", content: [1])])
    let entry = try letters(good, evil)
    let place = folder.url.appending(path: "cache/notmnist")
    #expect(
      try failure { try entry.download(to: place) }.message.contains("may lead out of its folder"))
    let left = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
    #expect(left == ["notMNIST_large.tar.gz", "notMNIST_small"])
    try FileManager.default.removeItem(at: place)
    try folder.write(good + [0], to: "server/notMNIST_small.tar.gz")
    #expect(try failure { try entry.download(to: place) }.message.contains("expected at most"))
  }

  @Test("IDX files are read before folders of pictures if both exist")
  func both() throws {
    let entry = try letters(
      archive("notMNIST_small", each: 1, corrupt: 0), archive("notMNIST_large", each: 1, corrupt: 0)
    )
    let place = folder.url.appending(path: "cache/notmnist")
    _ = try entry.download(to: place)
    try folder.write(
      bigEndian(0x803, 1, 28, 28) + [UInt8](repeating: 7, count: 784),
      to: "cache/notmnist/t10k-images-idx3-ubyte")
    try folder.write(idxLabels([9]), to: "cache/notmnist/t10k-labels-idx1-ubyte")
    #expect(try entry.load(.test, from: place).count == 1)
    #expect(try entry.load(.train, from: place).count == 10)
  }
}
