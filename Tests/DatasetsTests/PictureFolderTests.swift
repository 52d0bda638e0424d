import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A PNG file of one value, by default grey and 4 x 4 pixels large.
func flatPNG(_ value: UInt8, channels: Int = 1, side: Int = 4) throws -> Data {
  let shape = InputShape(channels: channels, height: side, width: side)
  return try PNG.encode(Picture(shape: shape, pixels: .init(repeating: value, count: shape.count)))
}

@Suite("Folders of pictures")
struct PictureFolderTests {
  private let folder: TemporaryFolder
  init() throws { folder = TemporaryFolder() }

  private func load(_ options: String = "", _ split: Split? = nil) throws -> LabelledImages {
    let reference = try DataReference(folder.url.path + options)
    return try split.map { try reference.load($0) } ?? reference.load(defaultSplit: .test)
  }

  /// The value of each image's first pixel.
  private func values(_ data: LabelledImages) -> [Int64] {
    (data.batch(0..<data.count).images.narrow(3, 0, 1).narrow(2, 0, 1) * 255 + 0.5).int64s()
  }

  @Test(
    "each subfolder is a class, sorted by the bytes of its name, and the classes alternate"
  )
  func order() throws {
    for (name, value) in [
      ("b/2", 22), ("b/1", 21), ("B/x", 10), ("a/q", 5), ("a/r", 6), ("a/s", 7),
    ] {
      try folder.write(try flatPNG(UInt8(value)), to: name + ".png")
    }
    try folder.write([1], to: "a/readme.txt")
    let data = try load()
    #expect(data.classNames == ["B", "a", "b"])
    #expect(values(data) == [10, 5, 21, 6, 22, 7])
    #expect(data.labels.int64s() == [0, 1, 2, 1, 2, 1])
    #expect(data.shape == InputShape(channels: 1, height: 4, width: 4))
    #expect(data.notes.isEmpty && !data.isStreamed)
  }

  @Test("classes whose names are numbers are sorted as numbers")
  func numbers() throws {
    for name in [10, 9, 100] { try folder.write(try flatPNG(UInt8(name)), to: "\(name)/x.png") }
    #expect(try load().classNames == ["9", "10", "100"])
  }

  @Test("classes.txt changes the order of the classes or renames them")
  func names() throws {
    for name in ["n01", "n02"] { try folder.write(try flatPNG(1), to: "\(name)/x.png") }
    try folder.write(Array("tench\ngoldfish\n".utf8), to: "classes.txt")
    #expect(try load().classNames == ["tench", "goldfish"])
    try folder.write(Array("n02\r\nn03\r\nn01".utf8), to: "classes.txt")
    let ordered = try load()
    #expect(ordered.classNames == ["n02", "n03", "n01"])
    #expect(ordered.labels.int64s() == [0, 2])
    try folder.write(Array("one\ntwo\nthree".utf8), to: "classes.txt")
    #expect(try failure { try load() }.message.contains("found 3 names, none of them 'n01'"))
  }

  @Test("both splits have the same classes, even if one of them lacks some")
  func parts() throws {
    for name in ["train/a/1", "train/b/1", "train/c/1", "test/a/1", "test/c/1"] {
      try folder.write(try flatPNG(UInt8(name.count)), to: name + ".png")
    }
    let test = try load("", .test)
    #expect(test.classNames == ["a", "b", "c"])
    #expect(test.labels.int64s() == [0, 2])
    #expect(try load("", .train).count == 3)
    #expect(try load(":train").name.hasSuffix(":train"))
  }

  @Test(
    "a folder without splits cannot be both training and test set, unless images are held out")
  func undivided() throws {
    for index in 0..<20 {
      try folder.write(try flatPNG(UInt8(index)), to: "\(index % 2 == 0 ? "a" : "b")/\(index).png")
    }
    #expect(try load().count == 20)
    #expect(try load("", .test).count == 20)
    #expect(try failure { try load("", .train) }.hint?.contains(":heldout=0.1") == true)
    let (train, test) = (try load(":heldout=0.25", .train), try load(":heldout=0.25", .test))
    #expect((train.count, test.count) == (15, 5))
    #expect(Set(values(train) + values(test)).count == 20)
    #expect(try values(load(":heldout=0.25")) == values(test))
  }

  @Test(
    "grey pictures among RGB ones become RGB, and the option colour=grey makes all of them grey")
  func colours() throws {
    try folder.write(try flatPNG(9), to: "a/1.png")
    try folder.write(try flatPNG(7, channels: 3), to: "a/2.png")
    let data = try load()
    #expect(data.shape.channels == 3)
    #expect(
      data.pixels.bytes() == [UInt8](repeating: 9, count: 48) + [UInt8](repeating: 7, count: 48))
    #expect(
      try load(":colour=grey").pixels.bytes() == [UInt8](repeating: 9, count: 16)
        + [UInt8](repeating: 7, count: 16))
  }

  @Test("pictures of different sizes are refused unless they are resized or cropped")
  func sizes() throws {
    try folder.write(try flatPNG(9), to: "a/1.png")
    try folder.write(try flatPNG(7, side: 6), to: "a/2.png")
    let refusal = try failure { try load() }
    #expect(refusal.message.contains("2.png with 6 x 6 pixels and"))
    #expect(refusal.hint?.contains(":resize=256,crop=224") == true)
    #expect(try load(":resize=5,crop=3").shape == InputShape(channels: 1, height: 3, width: 3))
    #expect(try load(":crop=3").count == 2)
    #expect(
      try failure { try load(":crop=5") }.message.contains(
        "expected at least 5 x 5 pixels for crop=5, found 4 x 4"))
    #expect(try failure { try load(":resise=5") }.hint?.hasPrefix("did you mean 'resize'?") == true)
  }

  @Test("up to 1 % of unreadable files are left out and named in a note; more are an error")
  func corrupt() throws {
    for index in 0..<199 {
      try folder.write(try flatPNG(1), to: "\(index % 2 == 0 ? "A" : "F")/\(index).png")
    }
    try folder.write([], to: "A/empty.png")
    try folder.write(try flatPNG(1).prefix(40), to: "F/cut.png")
    let data = try load()
    #expect(data.count == 199)
    let note = try #require(data.notes.first)
    #expect(note.contains("2 of 201 pictures cannot be read: ") && note.hasSuffix("; left out"))
    #expect(
      note.contains("A/empty.png: the file is empty")
        && note.contains("F/cut.png: the PNG data is cut short"))
    #expect(data.prefix(3).notes == data.notes)
    try folder.write(Array("RIFF".utf8), to: "A/x.webp")
    #expect(try failure { try load() }.message.contains("3 of 202 pictures cannot be read"))
  }

  @Test(
    "a folder that is streamed gives the same images and labels as one in memory, in any order"
  )
  func streamed() throws {
    for index in 0..<30 {
      let shape = InputShape(channels: 3, height: 4, width: 4)
      let pixels = (0..<48).map { UInt8(($0 * 3 + index) % 256) }
      try folder.write(
        try PNG.encode(Picture(shape: shape, pixels: pixels)), to: "\(index % 3)/\(index).png")
    }
    let settings = Settings.none()
    let small = try #require(try PictureFolder(folder.url, settings, memory: 100))
    let stream = try small.load(nil, name: "s", progress: { _, _ in })
    let whole = try load()
    #expect(stream.isStreamed && !whole.isStreamed)
    #expect(stream.pixels.bytes() == whole.pixels.bytes())
    for range in [0..<7, 7..<14, 14..<21, 3..<4, 28..<30] {
      #expect(stream.batch(range).images.floats() == whole.batch(range).images.floats())
    }
    let places = Tensor([29, 0, 5, 5] as [Int64], shape: [4])
    #expect(stream.batch(at: places).images.floats() == whole.batch(at: places).images.floats())
    let parts = (try stream.holdingOut(5, seed: Seed(4)), try whole.holdingOut(5, seed: Seed(4)))
    #expect(
      parts.0.heldOut.batch(0..<5).images.floats() == parts.1.heldOut.batch(0..<5).images.floats())
    #expect(
      stream.subset(10..<20).batch(2..<4).images.floats() == whole.batch(12..<14).images.floats())
    #expect(stream.fingerprint != stream.prefix(29).fingerprint)
    #expect(try small.load(nil, name: "t", progress: { _, _ in }).fingerprint == stream.fingerprint)
  }

  @Test("a link within the folder is followed, and a link that leads out of it is refused")
  func links() throws {
    let elsewhere = TemporaryFolder()
    try folder.write(try flatPNG(1), to: "a/1.png")
    let manager = FileManager.default
    try manager.createSymbolicLink(
      at: folder.url.appending(path: "a/2.png"),
      withDestinationURL: folder.url.appending(path: "a/1.png"))
    #expect(try load().count == 2)
    let target = try elsewhere.write(try flatPNG(2), to: "b/secret.png")
    try manager.createSymbolicLink(
      at: folder.url.appending(path: "a/3.png"), withDestinationURL: target)
    #expect(
      try failure { try load() }.message.contains(
        "3.png is a link that leads out of the folder, to "))
    try manager.removeItem(at: folder.url.appending(path: "a/3.png"))
    try manager.createSymbolicLink(
      at: folder.url.appending(path: "c"), withDestinationURL: target.deletingLastPathComponent())
    #expect(
      try failure { try load() }.message.contains("c is a link that leads out of the folder, to "))
  }

  @Test("a pipe is refused, and the reader does not wait for it")
  func pipes() throws {
    try folder.write(try flatPNG(1), to: "a/1.png")
    mkfifo(folder.url.appending(path: "a/2.png").path, 0o600)
    #expect(try failure { try load() }.message.contains("2.png is a device, a pipe or a socket"))
  }

  @Test("a class name with a line break or an escape sequence is refused and shown escaped")
  func oddNames() throws {
    try folder.write(try flatPNG(1), to: "a\u{1B}[2J\nb/1.png")
    let refusal = try failure { try load() }
    #expect(refusal.message.hasSuffix("'a\\u{1B}[2J\\nb' cannot be the name of a class"))
  }

  @Test("a class name may have spaces, dots, quotes and letters of any script")
  func strangeNames() throws {
    for name in ["..b", "It's \"so\"", "<b>", "ø ü 猫", "-rf"] {
      try folder.write(try flatPNG(1), to: "x\(name)/1.png")
    }
    #expect(try load().classNames.count == 5)
  }

  @Test("a folder without pictures beside the classes is refused")
  func emptyClass() throws {
    try folder.write(try flatPNG(1), to: "a/1.png")
    try folder.write([1], to: "b/notes.txt")
    #expect(
      try failure { try load() }.message.hasSuffix(
        "b: expected PNG or JPEG files in the folder of a class, found none"))
  }
}
