import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite(
  "Downloads",
  .enabled(if: LocalServer.python != nil, "python3, the tests' web server, is not on this machine"))
struct DownloadTests {
  private static let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
  private let folder: TemporaryFolder
  private let server: LocalServer
  private let place: URL
  private let partial: URL

  init() throws {
    folder = TemporaryFolder()
    server = try LocalServer(Self.body, in: folder)
    place = folder.url.appending(path: "cache/file.gz")
    partial = folder.url.appending(path: "cache/.file.gz.download")
  }

  private func download(_ behaviours: String..., size: Int = body.count) -> Download {
    Download(
      addresses: behaviours.map(server.address), place: place,
      checksum: .md5(Digest.hex(of: Self.body, .md5)), size: size)
  }

  private func leavePartial(_ bytes: some Sequence<UInt8>) throws {
    try folder.write(bytes, to: "cache/.file.gz.download")
  }

  private func isThere(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
  private func placed() throws -> [UInt8] { [UInt8](try Data(contentsOf: place)) }

  /// The progress reports of a download.
  private final class Reports: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [Int] = []
    func add(_ done: Int) { lock.withLock { list.append(done) } }
    var all: [Int] { lock.withLock { list } }
  }

  @Test(
    "a file is downloaded, verified and put in its place", arguments: ["plain", "ranges", "moved"])
  func fetches(behaviour: String) throws {
    let reports = Reports()
    let outcome = try download(behaviour).run { done, total in
      #expect(total == Self.body.count)
      reports.add(done)
    }
    #expect(outcome == .downloaded)
    #expect(try placed() == Self.body)
    #expect(!isThere(partial))
    #expect(reports.all == reports.all.sorted() && reports.all.last == Self.body.count)
  }

  @Test("a file that exists is not downloaded again, and a wrong one is replaced")
  func alreadyThere() throws {
    try folder.write(Self.body, to: "cache/file.gz")
    #expect(try download("gone").run() == .alreadyThere)
    try folder.write(Self.body.dropLast(), to: "cache/file.gz")
    #expect(try download("plain").run() == .downloaded)
    #expect(try placed() == Self.body)
  }

  @Test("a file with another checksum is refused and removed, with both checksums in the message")
  func mismatch() throws {
    let refusal = try failure { try download("other").run() }
    let other = Digest.hex(of: Self.body.map { $0 ^ 1 }, .md5)
    let expected = Digest.hex(of: Self.body, .md5)
    #expect(
      refusal
        == .badData(
          "cannot download file.gz: \(server.address("other").absoluteString): "
            + "expected md5 \(expected), found md5 \(other); removed the file",
          hint: "try again later, or put the file at \(place.path) by hand"))
    #expect(!isThere(place) && !isThere(partial))
  }

  @Test("if an address fails the next one is tried, and if all fail the message has every reason")
  func addresses() throws {
    #expect(try download("gone", "other", "long", "plain").run() == .downloaded)
    try FileManager.default.removeItem(at: place)
    let refusal = try failure { try download("other", "gone").run() }
    #expect(refusal.kind == .failed)
    #expect(refusal.message.contains("expected md5"))
    #expect(
      refusal.message.hasSuffix(
        "\(server.address("gone").absoluteString): the server answered with status 404"))
  }

  @Test("the bytes before a broken connection are kept, and the next attempt requests the rest")
  func resumes() throws {
    let refusal = try failure { try download("cut").run() }
    #expect(refusal.kind == .failed)
    #expect(try Data(contentsOf: partial).count == Self.body.count / 2)
    #expect(!isThere(place))

    let reports = Reports()
    #expect(try download("ranges").run { done, _ in reports.add(done) } == .downloaded)
    #expect(reports.all.allSatisfy { $0 > Self.body.count / 2 })
    #expect(try placed() == Self.body)
  }

  @Test("a server that does not support ranges sends the whole file again")
  func noRanges() throws {
    try leavePartial(Self.body.prefix(1000))
    #expect(try download("plain").run() == .downloaded)
    #expect(try placed() == Self.body)
  }

  @Test("wrong bytes of an earlier attempt do not spoil the file")
  func wrongRemains() throws {
    for remains in [[UInt8](repeating: 1, count: 1000), Self.body.map { $0 ^ 1 }, Self.body + [1]] {
      try? FileManager.default.removeItem(at: place)
      try leavePartial(remains)
      #expect(try download("ranges").run() == .downloaded)
      #expect(try placed() == Self.body)
    }
  }

  @Test("if an earlier attempt left the whole file, no connection is made")
  func wholeRemains() throws {
    try leavePartial(Self.body)
    #expect(try download("gone").run() == .downloaded)
    #expect(try placed() == Self.body)
  }

  @Test("a part that begins at another byte than requested is refused")
  func shifted() throws {
    try leavePartial(Self.body.prefix(1000))
    let refusal = try failure { try download("shifted").run() }
    #expect(
      refusal.message.hasSuffix("expected bytes from 1000 on, found bytes 1001-299999/300000"))
    #expect(try Data(contentsOf: partial).count == 1000)
  }

  @Test(
    "a body that is too long, of unknown length or encoded is refused before it is received",
    arguments: [
      ("long", "expected at most 300000 bytes, the server offers 300004"),
      ("endless", "expected at most 300000 bytes, the server offers an unknown number"),
      ("zipped", "expected the file without an encoding, found it as gzip"),
    ])
  func refusedByHeader(behaviour: String, message: String) throws {
    let refusal = try failure {
      try download(behaviour).run { _, _ in Issue.record("bytes were received") }
    }
    #expect(
      refusal.message
        == "cannot download file.gz: \(server.address(behaviour).absoluteString): \(message)")
    #expect(!isThere(place) && !isThere(partial))
  }

  @Test("a refused connection is a failure that leaves no file")
  func refused() throws {
    let dead = Download(
      addresses: [URL(string: "http://127.0.0.1:1/file.gz")!], place: place, checksum: .md5(""),
      size: 10)
    let refusal = try failure { try dead.run() }
    #expect(refusal.kind == .failed)
    #expect(refusal.message.hasPrefix("cannot download file.gz: http://127.0.0.1:1/file.gz: "))
    #expect(!isThere(partial))
  }

  @Test("a file address is copied, and an address with an unknown scheme is refused")
  func schemes() throws {
    let source = try folder.write(Self.body, to: "source")
    let checksum = Checksum.sha256(Digest.hex(of: Self.body))
    let copy = Download(
      addresses: [source], place: place, checksum: checksum, size: Self.body.count)
    #expect(try copy.run() == .downloaded)
    #expect(try placed() == Self.body)
    let ftp = Download(
      addresses: [URL(string: "ftp://127.0.0.1/x")!], place: folder.url.appending(path: "other"),
      checksum: checksum,
      size: 1)
    #expect(
      try failure { try ftp.run() }.message.contains("expected an address with http, https or file")
    )
  }

  @Test("if the file cannot be written, no further address is tried")
  func unwritable() throws {
    try folder.write([1], to: "cache")
    #expect(try failure { try download("plain", "plain").run() }.kind == .cannotWrite)
  }

  @Test("a file that another process is downloading is refused")
  func lock() throws {
    let other = try PartialFile(for: place)
    let refusal = try failure { try download("plain").run() }
    #expect(refusal.message == "another process is downloading \(place.path)")
    try other.append(Data([1]))
    #expect(isThere(partial))
  }
}
