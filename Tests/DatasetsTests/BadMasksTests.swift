import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Masks and lists of pictures that cannot be right are refused or noted")
struct BadMasksTests {
  private let folder = TemporaryFolder()

  private func load(_ options: String = "") throws -> LabelledImages {
    try DataReference(folder.url.path + options).load(defaultSplit: .test)
  }

  private func pictures() throws {
    try folder.write(flatPNG(1), to: "images/a/1.png")
    try folder.write(flatPNG(2), to: "images/b/2.png")
  }

  private func list(_ text: String, _ name: String = "labels.csv") throws {
    try folder.write(Array(text.utf8), to: name)
  }

  // MARK: Masks

  @Test("a mask of another size is refused, before any preparation")
  func size() throws {
    try pictures()
    try folder.write(halfPNG(1, side: 8), to: "masks/a/1.png")
    for options in ["", ":resize=4", ":crop=4"] {
      let refusal = try failure { try load(options) }
      #expect(
        refusal
          == .badData(
            "\(folder.appending("masks/a/1.png").path): expected a mask of 4 x 4 pixels, the size "
              + "of its picture, found 8 x 8", hint: "resize and crop the mask as the picture"))
    }
  }

  @Test("a mask of faint grey levels is refused with advice that works")
  func faint() throws {
    try pictures()
    try folder.write(halfPNG(1, white: 5), to: "masks/a/1.png")
    let refusal = try failure { try load() }
    #expect(
      refusal.message.contains("black (0) and white (1 or 255), found 5 as the largest value"))
    #expect(refusal.hint == "state which values count as white, as in threshold=0")
    let masks = try load(":threshold=0").annotations.masks
    #expect(masks?.sum().scalar == 4)
  }

  @Test("a mask that is no picture is refused, however many pictures there are")
  func notAPicture() throws {
    for value in 0..<200 { try folder.write(flatPNG(UInt8(value)), to: "images/a/\(value).png") }
    try folder.write([1, 2, 3], to: "masks/a/7.png")
    let refusal = try failure { try load() }
    #expect(
      refusal.message.hasSuffix("masks/a/7.png: expected a PNG or JPEG picture, found other data"))
  }

  @Test("masks that are all zero, and masks without a picture, are noted")
  func zero() throws {
    try pictures()
    try folder.write(halfPNG(0), to: "masks/a/1.png")
    try folder.write(halfPNG(2), to: "masks/a/3.png")
    let notes = try load().notes
    #expect(
      notes.contains {
        $0.hasSuffix("every mask is zero, so no number is marked as one that must not matter")
      })
    #expect(
      notes.contains {
        $0.hasSuffix("masks without a picture of the same name: 1, such as 3.png; left out")
      })
    try folder.write(halfPNG(1), to: "masks/a/1.png")
    #expect(try !load().notes.contains { $0.contains("every mask is zero") })
  }

  @Test("one mask of two pictures, and two masks of one picture, are refused")
  func ambiguous() throws {
    try folder.write(flatPNG(1), to: "images/a/1.png")
    try folder.write(flatPNG(2), to: "images/b/1.png")
    try folder.write(halfPNG(1), to: "masks/1.png")
    #expect(
      try failure { try load() }.message.hasSuffix("1.png is the mask of a/1.png and of b/1.png"))
    try folder.write(halfPNG(1), to: "masks/1.PNG")
    #expect(try failure { try load() }.message.hasSuffix("are masks of one picture"))
  }

  @Test("a link from masks/ out of the folder is refused")
  func link() throws {
    try pictures()
    try createFolder(folder.appending("masks/a"))
    try FileManager.default.createSymbolicLink(
      at: folder.appending("masks/a/1.png"), withDestinationURL: URL(filePath: "/etc/hostname"))
    #expect(try failure { try load() }.message.contains("is a link that leads out of the folder"))
  }

  @Test("a folder images without masks and lists is a class like any other")
  func onlyClass() throws {
    try folder.write(flatPNG(1), to: "images/1.png")
    #expect(try load().classNames == ["images"])
    try folder.write(flatPNG(1), to: "icons/1.png")
    #expect(try load().classNames == ["icons", "images"])
  }

  // MARK: Lists

  @Test(
    "each fault of a list is refused with its line",
    arguments: [
      ("file,label\na/1.png,x\na/9.png,y\n", "labels.csv:3: file: expected a picture that is in"),
      ("file,label\n../a/1.png,x\n", "labels.csv:2: file: expected a path below the folder of"),
      ("file,label\n/etc/hostname,x\n", "labels.csv:2: file: expected a path below the folder of"),
      ("file,label\na//1.png,x\n", "labels.csv:2: file: expected a path below the folder of"),
      ("file,label\na\\1.png,x\n", "labels.csv:2: file: expected a path below the folder of"),
      ("file,label\n,x\n", "labels.csv:2: file: expected a path below the folder of"),
      ("file,label\na,x\n", "labels.csv:2: file: expected a picture that is in"),
      ("file,label\nout.png,x\n", "leads out of the folder, to "),
      ("file,label,mask\na/1.png,x,../m.png\n", "labels.csv:2: mask: expected a path below"),
      ("file,label,mask\na/1.png,x,none.png\n", "labels.csv:2: mask: expected a picture that is"),
      (
        "file,label\na/1.png,x\na/1.png,y\n",
        "labels.csv:3: file: expected each picture once, but line 2"
      ),
      ("file,label\na/1.png,\n", "labels.csv:2: label: expected a word or a whole number"),
      ("file,label,group\na/1.png,x,\n", "labels.csv:2: group: expected a word or a whole number"),
      (
        "file,label,split\na/1.png,x,half\n",
        "labels.csv:2: split: expected train, validation or test"
      ),
      ("file,label\na/1.png,x,y\n", "labels.csv:2: expected 2 fields, found 3"),
      ("file,label\n\"a/1.png,x\n", "labels.csv:2: a quoted field is not closed"),
      ("file,label\n", "labels.csv: expected a row for each picture, found none"),
      ("file,label\na/1.png,\"x\ny\"\n", "'x\\ny' cannot be the name of a class"),
      ("file,group\na/1.png,\"x\ny\"\n", "'x\\ny' cannot be the name of a class"),
    ])
  func faults(_ text: String, _ message: String) throws {
    try pictures()
    try FileManager.default.createSymbolicLink(
      at: folder.appending("out.png"), withDestinationURL: URL(filePath: "/etc/hostname"))
    try list(text)
    let refusal = try failure { try load() }
    #expect(refusal.kind == .badData && refusal.message.contains(message), "\(refusal)")
  }

  @Test("a picture without a class, two lists, and a column that is missing are refused")
  func unclear() throws {
    try pictures()
    try folder.write(flatPNG(3), to: "images/3.png")
    try list("file\n3.png\n")
    #expect(try failure { try load() }.message == "labels.csv:2: the class of 3.png is not stated")
    try list("file,label\n3.png,x\n", "more.csv")
    let refusal = try failure { try load() }
    #expect(
      refusal.message.hasSuffix("expected one list of pictures, found labels.csv and more.csv"))
    #expect(refusal.hint == "state which to read, as in csv=labels.csv")
    #expect(try load(":csv=more.csv").classNames == ["x"])
    #expect(try load(":csv=more.csv,label=file").classNames == ["3.png"])
    #expect(
      try failure { try load(":csv=more.csv,group=place") }
        .message.hasSuffix("more.csv:1: the column 'place' is missing"))
    #expect(
      try failure { try load(":csv=none.csv") }
        .message.hasSuffix("/none.csv"))
  }

  @Test("folders without any usable picture are refused with advice")
  func empty() throws {
    try folder.write(flatPNG(1), to: "images/1.png")
    try folder.write(halfPNG(1), to: "masks/1.png")
    let flat = try failure { try load() }
    #expect(flat.message.hasSuffix("images: expected one folder of pictures per class, found none"))
    #expect(flat.hint?.contains("columns file and label") == true)
    try folder.write(flatPNG(1), to: "train/1.png")
    try folder.write(flatPNG(1), to: "test/2.png")
    try list("file,label\ntrain/1.png,x\n")
    #expect(try failure { try load() }.message.contains("it lists no picture below"))
    #expect(try DataReference(folder.url.path).load(.train).count == 1)
  }

  @Test("a CSV file without a column of paths is left out with a note")
  func otherCSV() throws {
    try folder.write(flatPNG(1), to: "a/1.png")
    try list("name;label\n", "notes.csv")
    let data = try load()
    #expect(data.count == 1)
    #expect(
      data.notes.contains { $0.contains("notes.csv: left out, because it has no column 'file'") })
  }

  @Test("damaged lists are read or refused")
  func fuzzed() throws {
    try pictures()
    try folder.write(halfPNG(1), to: "masks/m.png")
    fuzz(Array("file,label,group,mask\na/1.png,x,g,m.png\nb/2.png,\"y, z\",h,\n".utf8)) { bytes in
      try folder.write(bytes, to: "labels.csv")
      return try load().batch(0..<1)
    }
  }
}
