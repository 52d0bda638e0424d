import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Pictures in odd places")
struct PictureWalkTests {
  private let folder = TemporaryFolder()

  private func load() throws -> LabelledImages {
    try DataReference(folder.url.path).load(defaultSplit: .test)
  }

  @Test("pictures in folders within a class belong to the class, and a note counts them")
  func nested() throws {
    for (name, value) in [
      ("cat/1.png", 21), ("cat/more/2.PNG", 22), ("cat/more/deep/3.png", 23), ("dog/1.png", 31),
    ] { try folder.write(try flatPNG(UInt8(value)), to: name) }
    let data = try load()
    #expect(data.histogram == [3, 1])
    let values = data.pixels.bytes()
    #expect(stride(from: 0, to: 64, by: 16).map { values[$0] } == [21, 31, 22, 23])
    #expect(
      data.notes == [
        folder.url.path + ": pictures in folders within a class folder: 2, such as cat/more/2.PNG; "
          + "they belong to the class"
      ])
  }

  @Test("hidden pictures and pictures beside the class folders are left out, and notes count them")
  func leftOut() throws {
    for name in ["a/1.png", "a/.2.png", "a/._1.png", "a/.cache/3.png", "4.png", "readme.txt"] {
      try folder.write(try flatPNG(9), to: name)
    }
    for name in ["a/Thumbs.db", "a/.DS_Store", ".DS_Store", ".git/5.png"] {
      try folder.write([1], to: name)
    }
    let data = try load()
    #expect(data.count == 1 && data.classNames == ["a"])
    #expect(
      data.notes == [
        folder.url.path + ": pictures beside the class folders: 1, such as 4.png; left out",
        folder.url.path + ": hidden pictures, whose names begin with a dot: 2, such as a/.2.png; "
          + "left out",
      ])
  }

  @Test("links to folders within the class are followed once, and links out of the folder are not")
  func links() throws {
    let manager = FileManager.default
    func link(_ place: String, to target: URL) throws {
      try manager.createSymbolicLink(
        at: folder.url.appending(path: place), withDestinationURL: target)
    }
    try folder.write(try flatPNG(9), to: "a/1.png")
    try folder.write(try flatPNG(9), to: "a/more/2.png")
    try link("a/loop", to: folder.url.appending(path: "a"))
    try link("a/again", to: folder.url.appending(path: "a/more"))
    #expect(try load().count == 2)
    let elsewhere = TemporaryFolder()
    try elsewhere.write(try flatPNG(9), to: "x/1.png")
    try link("a/more/out", to: elsewhere.url.appending(path: "x"))
    #expect(
      try failure { try load() }.message.contains("out is a link that leads out of the folder"))
  }

  @Test("a class whose pictures are all hidden has none")
  func onlyHidden() throws {
    try folder.write(try flatPNG(9), to: "a/1.png")
    try folder.write(try flatPNG(9), to: "__MACOSX/._1.png")
    #expect(
      try failure { try load() }.message.hasSuffix(
        "__MACOSX: expected PNG or JPEG files in the folder of a class, found none"))
  }
}
