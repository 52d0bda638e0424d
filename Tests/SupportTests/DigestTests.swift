import Foundation
import Support
import Testing

@Suite("Digests agree with the standards")
struct DigestTests {
  /// FIPS 180-4 and NIST's example values.
  static let secureVectors: [(String, String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]

  /// RFC 1321, appendix A.5.
  static let shortVectors: [(String, String)] = [
    ("", "d41d8cd98f00b204e9800998ecf8427e"),
    ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    (
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a"
    ),
  ]

  @Test("SHA-256 gives the published digests", arguments: secureVectors)
  func sha256(_ text: String, _ expected: String) {
    #expect(Digest.hex(of: text) == expected)
    #expect(Digest.hex(of: Data(text.utf8)) == expected)
  }

  @Test("MD5 gives the published digests", arguments: shortVectors)
  func md5(_ text: String, _ expected: String) {
    #expect(Digest.hex(of: text, .md5) == expected)
  }

  @Test("a million letters, in pieces of any size, give NIST's published digest")
  func pieces() {
    let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    for size in [1 << 20, 65_536, 999] {
      let digest = Digest()
      var rest = 1_000_000
      while rest > 0 {
        let piece = [UInt8](repeating: 0x61, count: min(size, rest))
        piece.withUnsafeBytes { digest.update($0) }
        rest -= piece.count
      }
      #expect(digest.hex() == expected)
    }
  }

  @Test("the digest of a file is that of its content, also for large files")
  func files() throws {
    let folder = Folder()
    let content = Data((0..<(3 << 20 | 17)).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    let file = folder.appending("content")
    try content.write(to: file)
    #expect(try Digest.hex(ofFile: file) == Digest.hex(of: content))
    #expect(try Digest.hex(ofFile: file, .md5) == Digest.hex(of: content, .md5))
  }

  @Test("a missing file and a folder are errors that name the path")
  func missing() {
    let folder = Folder()
    let nowhere = folder.appending("nowhere")
    #expect(throws: Failure.missing("No such file: \(nowhere.path)")) {
      try Digest.hex(ofFile: nowhere)
    }
    let failure = #expect(throws: Failure.self) { try Digest.hex(ofFile: folder.url) }
    #expect(failure?.message.contains(folder.url.path) == true)
  }
}
