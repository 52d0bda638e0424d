import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Classes of folders of pictures")
struct ClassFoldersTests {
  private let folder = TemporaryFolder()

  /// Writes a folder of one picture for each class, whose value is its place among the classes.
  private func write(_ classes: [String], under path: String = "") throws {
    for (place, name) in classes.enumerated() {
      try folder.write(try flatPNG(UInt8(10 + place)), to: "\(path)\(name)/x.png")
    }
  }

  private func load(_ text: some Sequence<UInt8>, _ options: String = "") throws -> LabelledImages {
    try folder.write(text, to: "classes.txt")
    return try load(options)
  }

  private func load(_ options: String = "") throws -> LabelledImages {
    try DataReference(folder.url.path + options).load(defaultSplit: .test)
  }

  /// The first pixel of the picture of each class.
  private func order(_ data: LabelledImages) -> [UInt8] {
    let area = data.shape.count
    let values = data.pixels.bytes().enumerated().filter { $0.offset % area == 0 }.map(\.element)
    return zip(data.labels.int64s(), values).sorted { $0.0 < $1.0 }.map(\.1)
  }

  @Test(
    "a list of the folders' names states their order, however it is saved",
    arguments: [
      "dog\ncat\nbird", "\u{FEFF}dog\ncat\nbird\n", "dog\rcat\rbird",
      "dog\r\n\r\ncat \r\n bird\r\n",
      "0 dog\n1 cat\n2 bird", "1. dog\n2. cat\n3. bird", "0:dog\n1:cat\n2:bird",
      "0\tdog\n1\tcat\n2\tbird",
    ])
  func orders(text: String) throws {
    try write(["bird", "cat", "dog"])
    let data = try load(text.utf8)
    #expect(data.classNames == ["dog", "cat", "bird"])
    #expect(order(data) == [12, 11, 10] && data.notes.isEmpty)
  }

  @Test(
    "a list that seems to mean the folders in another order is refused with the name that is meant",
    arguments: [
      ("dog\ncat\nBird", "'Bird': did you mean 'bird'?"),
      ("Dog\nCat\nBird", "'Dog': did you mean 'dog'?"),
      ("dog\ncat", "add the line 'bird'"),
      ("2 dog\n1 cat\n0 bird", "'2 dog': did you mean 'dog'?"),
      ("dog,0\ncat,1\nbird,2", "'dog,0': did you mean 'dog'?"),
      ("0 Dog\n1 Cat\n2 Bird", "'0 Dog': did you mean 'dog'?"),
    ])
  func misspelt(text: String, hint: String) throws {
    try write(["bird", "cat", "dog"])
    let refusal = try failure { try load(text.utf8) }
    #expect(refusal.kind == .badData && refusal.hint?.hasPrefix(hint) == true, "\(refusal)")
    #expect(refusal.message.contains("classes.txt: "))
  }

  @Test("a spelling mistake in a long name is found")
  func spelling() throws {
    try write(["goldfish", "tench"])
    #expect(
      try failure { try load("tench\ngoldfsh".utf8) }.hint
        == "'goldfsh': did you mean 'goldfish'?")
    #expect(
      try failure { try load("Tensch\nGoldfisch".utf8) }.hint?.hasPrefix(
        "'Tensch': did you mean 'tench'?") == true)
  }

  @Test("new names in the folders' order are taken, and a note says which folder has which name")
  func renaming() throws {
    try write(["n01", "n02"])
    let data = try load("tench\ngoldfish".utf8)
    #expect(data.classNames == ["tench", "goldfish"] && order(data) == [10, 11])
    #expect(
      data.notes == [
        folder.url.appending(path: "classes.txt").path
          + ": no line is the name of a class folder, so the lines are new names for the folders in "
          + "their order: 'n01' is 'tench', 'n02' is 'goldfish'"
      ])
    // The same words in the same order rename nothing to another class.
    #expect(try load("N01\nN02".utf8).classNames == ["N01", "N02"])
  }

  @Test("a list with more classes than folders gives each folder its place")
  func moreNames() throws {
    try write(["cat", "dog"])
    let data = try load("dog\nbird\ncat".utf8)
    #expect(data.classNames == ["dog", "bird", "cat"] && data.labels.int64s().sorted() == [0, 2])
    let advice = data.advice(forModelWith: 4)
    #expect(advice.contains("names of all 4 classes"))
    #expect(try load("dog\nbird\ncat\ncow".utf8).classCount == 4)
  }

  @Test("a name on two lines and a file that is not UTF-8 are refused")
  func unreadable() throws {
    try write(["cat", "dog"])
    #expect(
      try failure { try load("dog\ncat\ndog".utf8) }.message.hasSuffix(
        "expected different names, found 'dog' as the names 1 and 3"))
    let wide = "dog\ncat".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    #expect(
      try failure { try load([0xff, 0xfe] + wide) }.hint == "save it as UTF-8 in a text editor")
    #expect(try failure { try load(wide) }.message.contains("cannot be the name of a class"))
    #expect(try failure { try load([]) }.message.contains("found 0 names"))
  }

  @Test("both splits have the classes of one file, wherever it is, and two files must agree")
  func splits() throws {
    try write(["cat", "dog"], under: "train/")
    try write(["cat", "dog"], under: "test/")
    try folder.write(Array("dog\ncat".utf8), to: "train/classes.txt")
    #expect(try load(":train").classNames == ["dog", "cat"])
    #expect(try load(":test").classNames == ["dog", "cat"])
    #expect(
      try failure { try load("cat\ndog".utf8, ":test") }.message.contains(
        "state different classes"))
    #expect(try load("dog\r\ncat\r\n".utf8, ":test").classCount == 2)
  }

  @Test("folders that are numbers are in the order of numbers, with a note, or of text if stated")
  func numbers() throws {
    try write(["0", "1", "2", "10"])
    let data = try load()
    #expect(data.classNames == ["0", "1", "2", "10"] && order(data) == [10, 11, 12, 13])
    #expect(
      data.notes == [
        folder.url.path + ": the class folders are numbers and sorted as numbers, so class 2 is "
          + "'2'; sorted as text, as by torchvision's ImageFolder, it is '10'; state order=numeric "
          + "or order=text to choose"
      ])
    let text = try load(":order=text")
    #expect(text.classNames == ["0", "1", "10", "2"] && order(text) == [10, 11, 13, 12])
    #expect(text.notes.isEmpty && text.fingerprint != data.fingerprint)
    #expect(try load(":order=numeric").notes.isEmpty)
    #expect(try failure { try load(":order=size") }.message.contains("order"))
    #expect(
      try failure { try load("0\n1\n10\n2".utf8, ":order=text") }.hint
        == "remove the option or the file")
    #expect(try load("0\n1\n10\n2".utf8).notes.isEmpty)
    let renamed = try load("zero\none\ntwo\nten".utf8)
    #expect(renamed.notes.count == 2 && order(renamed) == [10, 11, 12, 13])
  }

  @Test("folders whose two orders are the same need no note")
  func sameOrder() throws {
    try write(["0", "1", "9"])
    #expect(try load().notes.isEmpty)
    let padded = TemporaryFolder()
    for name in ["01", "02", "10"] { try padded.write(try flatPNG(9), to: "\(name)/x.png") }
    #expect(try DataReference(padded.url.path).load(defaultSplit: .test).notes.isEmpty)
  }
}
