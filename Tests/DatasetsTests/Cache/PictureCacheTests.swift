import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("The cache of pictures that stay in their files")
struct PictureCacheTests {
  private let folder = TemporaryFolder()
  private var cache: DataCache { DataCache(folder.appending(".data"), clockStep: 0) }

  /// 120 pictures in three classes, one of which cannot be read, with masks for some.
  private func makePictures() throws {
    for index in 0..<120 {
      try folder.write(
        try flatPNG(UInt8(index + 1), channels: index % 2 == 0 ? 1 : 3),
        to: "images/\(index % 3)/\(index).png")
      if index % 4 == 0 {
        try folder.write(try flatPNG(255), to: "masks/\(index % 3)/\(index).png")
      }
    }
    try folder.write([1, 2, 3], to: "images/1/4.png")
    waitForClock()
  }

  private func format(_ options: [String: String] = [:]) throws -> PictureFolder {
    let settings = try Settings(
      options.map { .init(name: $0, value: .scalar($1), place: "x") }, place: "x")
    return try #require(try PictureFolder(folder.url, settings, memory: 100))
  }

  /// Opens the pictures.
  /// - Returns: the images, and the number of pictures that were decoded.
  private func open(
    _ options: [String: String] = [:], cache: DataCache?
  ) throws -> (images: LabelledImages, decoded: Int) {
    let decoded = Guarded(0)
    let images = try format(options).remembering(in: cache).load(nil, name: "x") { _, _ in
      decoded.access { $0 += 1 }
    }
    return (images, decoded.access { $0 })
  }

  @Test(
    "with an entry no picture is decoded, and images, labels, groups, masks and notes are equal")
  func equal() throws {
    try makePictures()
    let options = ["group": "mask"]
    let plain = try open(options, cache: nil)
    let first = try open(options, cache: cache)
    let second = try open(options, cache: cache)
    #expect(plain.decoded == 120 && first.decoded == 120 && second.decoded == 0)
    for images in [first.images, second.images] {
      #expect(images.isStreamed && images.fingerprint == plain.images.fingerprint)
      #expect(images.notes == plain.images.notes && images.notes.count == 1)
      #expect(images.notes[0].contains("1 of 120 pictures cannot be read"))
      #expect(images.groupNames == plain.images.groupNames && images.shape == plain.images.shape)
      let (a, b) = (images.batch(20..<50), plain.images.batch(20..<50))
      #expect(a.images.floats() == b.images.floats())
      #expect(a.annotations.masks?.floats() == b.annotations.masks?.floats())
      #expect(a.annotations.groups?.int64s() == b.annotations.groups?.int64s())
      #expect(a.labels.int64s() == b.labels.int64s())
    }
  }

  @Test("pictures are decoded again after a change of a picture or a mask, and with other options")
  func changes() throws {
    try makePictures()
    _ = try open(cache: cache)
    #expect(try open(cache: cache).decoded == 0)
    #expect(try open(["crop": "2"], cache: cache).decoded == 120)
    #expect(try open(["threshold": "3"], cache: cache).decoded == 120)
    let before = try open(cache: cache).images.fingerprint
    for name in ["images/2/5.png", "masks/0/12.png"] {
      try folder.write(try flatPNG(254), to: name)
      waitForClock()
      let opened = try open(cache: cache)
      #expect(opened.decoded == 120 && opened.images.fingerprint != before, "\(name)")
      #expect(try open(cache: cache).decoded == 0)
    }
    // The order of the classes does not change what is known about a picture.
    try folder.write(Array("2\n1\n0\n".utf8), to: "classes.txt")
    #expect(try open(cache: nil).images.classNames == ["2", "1", "0"])
    let opened = try open(cache: cache)
    #expect(try opened.images.fingerprint == open(cache: nil).images.fingerprint)
  }

  @Test("entries of which no images can be made, or that are damaged, are made again")
  func lies() throws {
    try makePictures()
    let (images, _) = try open(cache: cache)
    let listing = try PictureListing(0, of: try #require(try PictureParts(folder.url, .init())))
    let opening = PictureOpening(listing, .init(), memory: 100)
    let entry = opening.entry(in: cache)
    let outcomes = try #require(opening.outcomes(in: entry))
    #expect(outcomes.count == 120)
    func expectRemade(_ content: [UInt8]) throws {
      entry.write(content)
      let opened = try open(cache: cache)
      #expect(opened.decoded == 120 && opened.images.fingerprint == images.fingerprint)
    }
    let unreadable = outcomes.map { _ in PictureOpening.Outcome.unreadable("no reason") }
    try expectRemade(try #require(PictureOpening.Outcome.bytes(unreadable)))
    try expectRemade(
      try #require(
        PictureOpening.Outcome.bytes(Array(outcomes.dropLast()))))
    try expectRemade([])
    let sound = try #require(PictureOpening.Outcome.bytes(outcomes))
    fuzz(sound) { try PictureOpening.Outcome.read([UInt8]($0)[...], count: 120, haveMasks: true) }
  }

  @Test("pictures that are kept in memory have no entry")
  func memory() throws {
    try folder.write(try flatPNG(3), to: "a/1.png")
    try folder.write(try flatPNG(4), to: "b/1.png")
    waitForClock()
    _ = try DataReference(folder.url.path).load(.test, cache: cache)
    #expect(!FileManager.default.fileExists(atPath: cache.folder.path))
  }
}
