import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

/// A member of a tar archive.
struct TarMember {
  var path: String
  var kind: Character = "0"
  var content: [UInt8] = []
  var claimedSize: Int?

  /// The header and the content in blocks of 512 bytes.
  var blocks: [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at place: Int) {
      header.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
    }
    put(String(path.prefix(100)), at: 0)
    put("0000644\0", at: 100)
    let octal = String(claimedSize ?? content.count, radix: 8)
    put(String(repeating: "0", count: 11 - octal.count) + octal, at: 124)
    put(String(kind), at: 156)
    put("ustar\u{0}00", at: 257)
    put("        ", at: 148)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", at: 148)
    return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }
}

func tar(_ members: [TarMember]) -> [UInt8] {
  gzip(members.flatMap(\.blocks) + [UInt8](repeating: 0, count: 1024))
}

@Suite("Archives")
struct ArchiveTests {
  private let folder: TemporaryFolder
  init() throws { folder = TemporaryFolder() }

  private func archive(_ members: [TarMember], limit: Int = 1 << 20) throws -> TarArchive {
    TarArchive(try folder.write(tar(members), to: "a.tar.gz"), limit: limit)
  }

  private func extract(_ members: [TarMember], limit: Int = 1 << 20) throws {
    try archive(members, limit: limit).extract("set", to: folder.url.appending(path: "out/set"))
  }

  /// The paths below the folder, without the archive itself.
  private var files: [String] {
    (FileManager.default.subpaths(atPath: folder.url.path) ?? []).filter { $0 != "a.tar.gz" }
      .sorted()
  }

  @Test("the files of a folder are unpacked, also those with long names, and nothing else remains")
  func unpacks() throws {
    let long = "set/" + String(repeating: "x", count: 150) + ".png"
    try extract([
      TarMember(path: "./set/", kind: "5"), TarMember(path: "set/A/1.png", content: [1, 2, 3]),
      TarMember(path: "././@LongLink", kind: "L", content: Array((long + "\0").utf8)),
      TarMember(path: "cut", content: [4]),
      TarMember(path: "pax", kind: "x", content: Array("21 path=set/B/two.png\n".utf8)),
      TarMember(path: "y", content: [5]),
      TarMember(path: "other/z", content: [6]),
    ])
    #expect(
      files == [
        "out", "out/set", "out/set/A", "out/set/A/1.png", "out/set/B", "out/set/B/two.png",
        "out/" + long,
      ])
    #expect(try Data(contentsOf: folder.url.appending(path: "out/set/A/1.png")) == Data([1, 2, 3]))
  }

  @Test(
    "paths that lead out of the folder are refused, and nothing is unpacked",
    arguments: [
      "../evil", "set/../../evil", "/etc/evil", "set//x", "set/a\u{1B}[2J", "..", "set/..",
    ])
  func pathTricks(path: String) throws {
    let refusal = try failure {
      try extract([TarMember(path: "set/a", content: [1]), TarMember(path: path, content: [2])])
    }
    #expect(refusal.kind == .badData && refusal.message.contains("may lead out of its folder"))
    #expect(files == ["out"])
  }

  @Test("long names are checked like short ones")
  func longTricks() throws {
    let evil = Array("../../evil\0".utf8)
    let gnu = try failure {
      try extract([
        TarMember(path: "l", kind: "L", content: evil), TarMember(path: "a", content: [1]),
      ])
    }
    #expect(gnu.message.contains("may lead out of its folder"))
    let pax = TarMember(path: "p", kind: "x", content: Array("19 path=../../evil\n".utf8))
    #expect(
      try failure { try extract([pax, TarMember(path: "a", content: [1])]) }.message.contains(
        "may lead out of its folder"))
  }

  @Test(
    "links, devices and pipes are refused",
    arguments: ["1", "2", "3", "4", "6", "S"] as [Character])
  func links(kind: Character) throws {
    #expect(try failure { try extract([TarMember(path: "set/a", kind: kind)]) }.kind == .badData)
    #expect(files == ["out"])
  }

  @Test("an archive that claims more than the expected bytes is refused before it is unpacked")
  func bomb() throws {
    let claim = try failure {
      try extract([TarMember(path: "set/a", content: [1], claimedSize: 1 << 32)])
    }
    #expect(claim.message.contains("holds more than the expected 1048576 bytes"))
    let many = (0..<20).map {
      TarMember(path: "set/\($0)", content: [UInt8](repeating: 0, count: 100_000))
    }
    #expect(
      try failure { try extract(many) }.message.contains(
        "holds more than the expected 1048576 bytes"))
    #expect(files == ["out"])
  }

  @Test("a truncated archive is refused, wherever it ends")
  func truncated() throws {
    let whole = tar([
      TarMember(path: "set/a", content: Array(0..<200)), TarMember(path: "set/b", content: [1]),
    ])
    for length in stride(from: 0, to: whole.count, by: 11) {
      let place = try folder.write(whole.prefix(length), to: "a.tar.gz")
      #expect(
        try failure { try TarArchive(place, limit: 1 << 20).walk { _, _ in nil } }.kind == .badData)
    }
  }

  @Test("a damaged archive is read or refused with a failure")
  func mutations() throws {
    let member = TarMember(path: "set/a", content: Array(0..<200)).blocks
    fuzz(member + member) { data in
      let place = try folder.write(gzip([UInt8](data)), to: "a.tar.gz")
      return try TarArchive(place, limit: 1 << 20).walk { _, _ in { _ in } }
    }
  }
}

@Suite("CIFAR")
struct CIFARTests {
  private let folder: TemporaryFolder
  init() throws { folder = TemporaryFolder() }

  /// A record: its labels and 3 x 32 x 32 bytes, of one value in each channel.
  private func record(_ labels: [UInt8], _ value: UInt8) -> [UInt8] {
    labels + (0..<3).flatMap { [UInt8](repeating: value + UInt8($0), count: 1024) }
  }

  private func load(_ path: String, _ split: Split = .test) throws -> LabelledImages {
    try DataReference(folder.url.path + path).load(split)
  }

  @Test("CIFAR-10 is read from the files in a folder and from the published archive")
  func ten() throws {
    var members: [TarMember] = []
    for batch in 1...5 {
      let content = record([UInt8(batch)], UInt8(10 * batch))
      try folder.write(content, to: "c/data_batch_\(batch).bin")
      members.append(
        TarMember(path: "cifar-10-batches-bin/data_batch_\(batch).bin", content: content))
    }
    let test = record([9], 100) + record([0], 200)
    try folder.write(test, to: "c/test_batch.bin")
    members.append(TarMember(path: "cifar-10-batches-bin/test_batch.bin", content: test))
    try folder.write(tar(members), to: "cifar.tar.gz")
    for path in ["/c", "/cifar.tar.gz"] {
      let (train, test) = (try load(path, .train), try load(path))
      #expect(train.labels.int64s() == [1, 2, 3, 4, 5] && test.labels.int64s() == [9, 0])
      #expect(test.classNames.first == "airplane" && test.classNames.last == "truck")
      #expect(test.pixels.select(0, 1).select(1, 0).select(1, 0).int64s() == [200, 201, 202])
    }
  }

  @Test(
    "the fine one of CIFAR-100's two labels is used, and the names of the fine classes are read")
  func hundred() throws {
    try folder.write(record([3, 99], 7), to: "train.bin")
    try folder.write(record([19, 0], 7), to: "test.bin")
    let names = (0..<100).map { "class \($0)" }
    try folder.write(Array((names.joined(separator: "\n") + "\n").utf8), to: "fine_label_names.txt")
    #expect(try load("", .train).labels.int64s() == [99])
    #expect(try load("").classNames == names)
  }

  @Test(
    "an incomplete record, a label out of range and an archive of other files are refused")
  func damaged() throws {
    try folder.write(record([1], 7).dropLast(), to: "a/test_batch.bin")
    #expect(
      try failure { try load("/a") }.message.contains(
        "expected a multiple of 3073 bytes, the length of a record, found 3072 bytes"))
    try folder.write(record([10], 7), to: "b/test_batch.bin")
    #expect(
      try failure { try load("/b") }.message.contains(
        "expected labels from 0 to 9, found 10 for image 0"))
    try folder.write(tar([TarMember(path: "x/y", content: [1])]), to: "c.tar.gz")
    #expect(
      try failure { try load("/c.tar.gz") }.message.contains(
        "expected the files test_batch.bin or test.bin"))
  }
}
