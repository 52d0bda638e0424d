import Foundation
import Support
import Testing

@Suite("Zip archives with wrong tables of contents")
struct ZipArchiveTests {
  private func little(_ number: UInt64, _ count: Int) -> Data {
    Data((0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) })
  }

  /// An archive without members, whose 64-bit fields claim other numbers.
  private func end(members: UInt64, start: UInt64) -> Data {
    let record =
      little(0x0606_4b50, 4) + little(44, 8) + Data(count: 12 + 8) + little(members, 8)
      + little(0, 8)
      + little(start, 8)
    let locator = little(0x0706_4b50, 4) + Data(count: 4) + little(0, 8) + little(1, 4)
    return record + locator + little(0x0605_4b50, 4) + Data(count: 4) + little(0xffff, 2)
      + little(0xffff, 2)
      + little(0, 4) + little(0xffff_ffff, 4) + Data(count: 2)
  }

  @Test("an empty archive with 64-bit fields is valid")
  func nothing() throws {
    #expect(try ZipArchive(end(members: 0, start: 0), what: "f").names == [])
  }

  @Test(
    "impossible numbers of members and positions are refused",
    arguments: [
      (UInt64.max, 0), (1 << 63, 0), (1 << 40, 0), (1, 98), (0, UInt64.max), (0, 1 << 62), (1, 0),
    ] as [(UInt64, UInt64)])
  func lies(members: UInt64, start: UInt64) {
    let failure = #expect(throws: Failure.self) {
      try ZipArchive(end(members: members, start: start), what: "f")
    }
    #expect(failure?.message.hasPrefix("f is not a sound zip archive") == true)
  }
}
