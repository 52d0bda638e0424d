import Foundation
import Support
import Testing

@testable import Datasets

@Suite("Gzip")
struct GzipTests {
  private let text = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

  @Test("compressed data are decompressed unchanged, even if they have exactly the largest size")
  func roundTrip() throws {
    #expect(try Gzip.inflate(Data(gzip(text)), named: "f", limit: text.count) == text)
    #expect(try Gzip.inflate(Data(gzip([])), named: "f", limit: 0) == [])
  }

  @Test("the members of a file are decompressed one after the other")
  func members() throws {
    let file = Data(gzip(text) + gzip([]) + gzip([1, 2, 3]))
    #expect(try Gzip.inflate(file, named: "f", limit: 1 << 20) == text + [1, 2, 3])
  }

  @Test("a file that decompresses to more than the limit is refused")
  func bomb() throws {
    let bomb = Data(gzip([UInt8](repeating: 0, count: 10_000_000)))
    #expect(bomb.count < 20_000)
    let refusal = try failure { try Gzip.inflate(bomb, named: "bomb.gz", limit: 1000) }
    #expect(
      refusal
        == .badData(
          "bomb.gz: expected at most 1000 bytes after decompression, found more",
          hint: "get the file again"))
  }

  @Test("a truncated file is refused, wherever it ends")
  func truncated() throws {
    let file = Data(gzip(Array(text.prefix(2000))))
    for length in 2..<file.count {
      let refusal = try failure {
        try Gzip.inflate(file.prefix(length), named: "f", limit: 1 << 20)
      }
      #expect(refusal.message == "f: the gzip data is cut short after \(length) bytes")
    }
  }

  @Test("a file with a wrong checksum is refused")
  func corrupt() throws {
    var file = gzip(text)
    file[file.count - 6] ^= 1
    let refusal = try failure { try Gzip.inflate(Data(file), named: "f", limit: 1 << 20) }
    #expect(refusal.message == "f: the gzip data is corrupt (incorrect data check)")
  }

  @Test("bytes after the end of the data are refused")
  func trailing() throws {
    let refusal = try failure {
      try Gzip.inflate(Data(gzip(text) + [7, 7, 7]), named: "f", limit: 1 << 20)
    }
    #expect(refusal.message == "f: 3 bytes follow the end of the gzip data")
  }

  @Test("the first bytes are decompressed without reading the rest")
  func firstBytes() throws {
    let file = Data(gzip(text).dropLast(10))
    #expect(try Gzip.firstBytes(16, of: file, named: "f") == Array(text.prefix(16)))
  }

  @Test("a damaged file is read or refused with a failure")
  func mutations() {
    fuzz(gzip(Array(text.prefix(5000)))) { try Gzip.inflate($0, named: "f", limit: 1 << 16) }
  }
}
