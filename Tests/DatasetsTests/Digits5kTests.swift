import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

/// A table of 5,000 rows sorted by digit, like the published one. The first two pixels of a row
/// encode its index in its class.
private func table() -> [UInt8] {
  let zeros = [UInt8](String(repeating: "0,", count: 782).utf8)
  return (0..<5000).flatMap { row -> [UInt8] in
    let place = row % 500
    return Array("\(place / 2),\(place % 2),".utf8) + zeros + Array("\(row / 500)\n".utf8)
  }
}

@Suite("mnist5k")
struct Digits5kTests {
  private let good = table()

  private func read(_ table: [UInt8], _ split: Split = .train) throws -> LabelledImages {
    try Digits5k.images(split, of: table, named: "t.csv")
  }

  /// The index of each image in its class, which its first two pixels encode.
  private func places(_ data: LabelledImages) -> [Int] {
    let pixels = data.pixels.bytes()
    return (0..<data.count).map { 2 * Int(pixels[784 * $0]) + Int(pixels[784 * $0 + 1]) }
  }

  @Test(
    "the first 400 rows of a digit are training images, the last 100 test images; digits alternate"
  )
  func split() throws {
    let (train, test) = (try read(good), try read(good, .test))
    #expect(train.labels.int64s() == (0..<4000).map { Int64($0 % 10) })
    #expect(places(train) == (0..<4000).map { $0 / 10 })
    #expect(test.labels.int64s() == (0..<1000).map { Int64($0 % 10) })
    #expect(places(test) == (0..<1000).map { 400 + $0 / 10 })
    #expect((train.name, test.name) == ("mnist5k:train", "mnist5k:test"))
  }

  @Test("lines may end with CR LF, and the last line may end without a line break")
  func lineEnds() throws {
    let windows = good.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
    #expect(try read(windows).fingerprint == read(good).fingerprint)
    #expect(try read(good.dropLast()).fingerprint == read(good).fingerprint)
  }

  @Test(
    "a row other than 784 pixels and a digit is refused with its line and field",
    arguments: [
      ("256,0,", "line 1, field 1: expected a number from 0 to 255 and then a comma"),
      ("0000,0,", "line 1, field 1: expected a number from 0 to 255 and then a comma"),
      ("0,-1,", "line 1, field 2: expected a number from 0 to 255 and then a comma"),
      ("0,,", "line 1, field 2: expected a number from 0 to 255 and then a comma"),
      ("0,\n", "line 1, field 2: expected a number from 0 to 255 and then a comma"),
      ("0,0,0,", "line 1, field 785: expected a number from 0 to 9 and then the end of the line"),
      ("0;0,", "line 1, field 1: expected a number from 0 to 255 and then a comma"),
    ])
  func lies(start: String, message: String) throws {
    let refusal = try failure { try read(Array(start.utf8) + good.dropFirst(4)) }
    #expect(refusal == .badData("t.csv: " + message, hint: "get the file again"))
  }

  @Test("a truncated table is refused")
  func truncated() throws {
    #expect(
      try failure { try read(good.dropLast(1000)) }.message
        == "t.csv: line 5000, field 286: expected a number from 0 to 255 and then a comma")
    let rowLength = good.count / 5000
    let lastRow = good.lastIndex(of: 0x0a).map { $0 - rowLength / 2 }!
    let whole = Array(good[...good[..<lastRow].lastIndex(of: 0x0a)!])
    #expect(
      try failure { try read(whole) }.message
        == "t.csv: expected 500 rows of each digit, found 499 of the digit 9")
    #expect(try failure { try read([]) }.message.contains("found 0 of the digit 0"))
  }

  @Test("the file is read from its folder, and refused if it decompresses to too many bytes")
  func file() throws {
    let folder = TemporaryFolder()
    #expect(try failure { try Digits5k.load(.test, from: folder.url) }.kind == .missing)
    try folder.write(gzip(good), to: Digits5k.fileName)
    #expect(try Digits5k.load(.test, from: folder.url).count == 1000)
    try folder.write(gzip([UInt8](repeating: 0x30, count: 1 << 25)), to: Digits5k.fileName)
    #expect(
      try failure { try Digits5k.load(.test, from: folder.url) }.message.contains(
        "after decompression, found more"))
  }

  @Test("a damaged table is read or refused with a failure")
  func mutations() {
    fuzz(Array(good.prefix(3200)), rounds: 300) {
      try Digits5k.images(.train, of: [UInt8]($0), named: "f")
    }
  }
}
