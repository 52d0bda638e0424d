import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("The cache of what is known about data")
struct DataCacheTests {
  private let folder = TemporaryFolder()
  private var place: URL { folder.appending(".data") }
  private let content = Array("what is known".utf8)

  private func cache(writing: Bool = true, clockStep: Double = 0) -> DataCache {
    DataCache(place, writing: writing, clockStep: clockStep)
  }

  /// An entry about data with a state that only this number determines.
  private func entry(_ request: String = "a", state: Int = 1) -> DataCache.Entry {
    cache().entry(for: [request]) { DataState(digest: Digest.hex(of: "\(state)"), newest: nil) }
  }

  private func read(_ entry: DataCache.Entry) -> [UInt8]? { entry.read(limit: 100).map(Array.init) }

  private var files: [URL] {
    (try? FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)) ?? []
  }

  @Test("an entry is believed for the same request and the same state only")
  func keys() throws {
    entry().write(content)
    #expect(read(entry()) == content)
    #expect(read(entry("b")) == nil && read(entry(state: 2)) == nil)
    #expect(entry().read(limit: 5) == nil)
    // An entry of other data does not count under this name either.
    entry("b", state: 3).write(content)
    let other = try #require(entry(state: 2).file)
    try FileManager.default.copyItem(at: try #require(entry("b", state: 3).file), to: other)
    #expect(read(entry(state: 2)) == nil)
    entry(state: 2).write(content)
    #expect(read(entry(state: 2)) == content)
  }

  @Test("an entry that is damaged anywhere is ignored and made again")
  func damage() throws {
    entry().write(content)
    let file = try #require(entry().file)
    let sound = try Data(contentsOf: file)
    for index in sound.indices {
      var bytes = sound
      bytes[index] ^= 4
      try bytes.write(to: file)
      #expect(read(entry()) == nil, "byte \(index)")
      try sound.prefix(index).write(to: file)
      #expect(read(entry()) == nil, "cut at \(index)")
    }
    try (sound + [0]).write(to: file)
    #expect(read(entry()) == nil)
    entry().write(content)
    #expect(read(entry()) == content)
    try FileManager.default.removeItem(at: file)
    try createFolder(file)
    #expect(read(entry()) == nil)
    entry().write(content)
  }

  @Test("files that were changed a moment ago, or since the entry was made, are not cached")
  func youngFiles() throws {
    let file = try folder.write([1, 2], to: "x.csv")
    let reference = try DataReference(file.path)
    func entry(clockStep: Double) -> DataCache.Entry {
      cache(clockStep: clockStep).entry(for: ["x"]) { reference.state(.test) }
    }
    entry(clockStep: 60).write(content)
    #expect(files.isEmpty)
    waitForClock()
    let early = entry(clockStep: 0)
    waitForClock()
    try folder.write([1, 3], to: "x.csv")
    early.write(content)
    #expect(files.isEmpty && !early.isCurrent)
    waitForClock()
    entry(clockStep: 0).write(content)
    #expect(files.count == 1 && read(entry(clockStep: 60)) == content)
    // Without a state there is no entry.
    let unknown = cache().entry(for: ["x"]) { nil }
    unknown.write(content)
    #expect(files.count == 1 && read(unknown) == nil)
  }

  @Test("a cache that cannot or must not be written is not an error")
  func unwritable() throws {
    let looking = cache(writing: false).entry(for: ["a"]) { DataState(digest: "1", newest: nil) }
    looking.write(content)
    #expect(!FileManager.default.fileExists(atPath: place.path))
    try folder.write([1], to: ".data")
    entry().write(content)
    #expect(read(entry()) == nil)
  }

  @Test("of the states of one request only the newest are kept")
  func oldStates() throws {
    entry("b").write(content)
    for state in 0..<DataCache.mostStates + 3 {
      entry(state: state).write(content)
      waitForClock()
    }
    #expect(files.count == DataCache.mostStates + 1)
    #expect(read(entry("b")) == content && read(entry(state: 0)) == nil)
    #expect(read(entry(state: DataCache.mostStates + 2)) == content)
  }

  @Test("several threads may write the same entry at once")
  func atOnce() throws {
    let (whole, own) = (content, entry())
    inParallel(40) { _ in
      own.write(whole)
      let found = own.read(limit: 100).map(Array.init)
      #expect(found == nil || found == whole)
    }
    #expect(read(entry()) == content)
  }

  @Test("facts are read as they were stored, and impossible ones are not believed")
  func facts() throws {
    let images = try DataReference("iris-cancer:iris=both").load(.test).noting(["a note"])
    let entry = entry()
    #expect(entry.facts() == nil)
    entry.store(DataFacts(images))
    let facts = try #require(entry.facts())
    #expect(facts == DataFacts(images) && facts.valueRange == images.valueRange)
    #expect(facts.fingerprint == images.fingerprint && facts.notes == ["a note"])
    let text = String(decoding: try JSONEncoder().encode(facts), as: UTF8.self)
    for (part, wrong) in [
      ("\"count\":66", "\"count\":0"), ("[34]", "[34,-1,4]"), ("[34]", "[0]"), ("[34]", "[]"),
      (facts.fingerprint, "short"), ("2615", "-1"), ("34]", "9223372036854775808]"),
    ] {
      #expect(text.contains(part))
      entry.write(Array(text.replacing(part, with: wrong).utf8))
      #expect(entry.facts() == nil, "\(wrong)")
    }
  }

  @Test("images that are opened after a change must be those that are known")
  func changedSince() throws {
    let file = try folder.write(Array("x,label\n1,a\n2,b\n".utf8), to: "x.csv")
    let reference = try DataReference(file.path)
    let facts = DataFacts(try reference.load(.test))
    let entry = cache().entry(for: ["x"]) { reference.state(.test) }
    waitForClock()
    try folder.write(Array("x,label\n1,a\n2,b\n".utf8), to: "x.csv")
    #expect(try entry.check(reference.load(.test), against: facts).count == 2)
    try folder.write(Array("x,label\n1,a\n3,b\n".utf8), to: "x.csv")
    let found = try failure { try entry.check(reference.load(.test), against: facts) }
    #expect(found.message.contains("was changed while this process was at work"))
  }
}
