import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Folders of texts")
struct TextFolderTests {
  private let folder = TemporaryFolder()

  private func write(_ texts: [(path: String, text: String)]) throws {
    for (path, text) in texts { try folder.write(Array(text.utf8), to: path) }
  }

  private func load(_ options: String = "", _ split: Split = .train) throws -> LabelledImages {
    try DataReference(folder.url.path + options).load(split)
  }

  private let small = [
    ("train/spam/2.txt", "buy buy now"), ("train/spam/1.txt", "buy now"),
    ("train/ham/readme", "see you now"), ("test/ham/1.txt", "buy tomorrow"),
    ("test/spam/1.txt", "tomorrow morning"),
  ]

  @Test("the words come from the training texts, and the classes alternate in the order of paths")
  func words() throws {
    try write(small)
    let (train, test) = (try load(), try load("", .test))
    #expect(train.featureNames == ["buy", "now", "see", "you"])
    #expect(test.featureNames == train.featureNames)
    #expect(train.classNames == ["ham", "spam"] && train.labels.int64s() == [0, 1, 1])
    #expect(test.pixels.floats() == [1, 0, 0, 0, 0, 0, 0, 0])
    #expect(try load(":words=2").featureNames == ["buy", "now"])
  }

  @Test("texts that are not divided are refused, since the words would come from test texts")
  func undivided() throws {
    try write([("spam/1.txt", "buy"), ("ham/1.txt", "see you")])
    #expect(
      try failure { try load("", .test) }
        == .badData(
          "\(folder.url.path): expected texts in train/ and in test/, found texts that are not "
            + "divided",
          hint: "the words that are counted are those of the training texts: divide the texts"))
  }

  @Test("bytes that are not UTF-8 are refused, and encoding=latin-1 reads them")
  func encodings() throws {
    try write(small)
    try folder.write([0x66, 0xfc, 0x72], to: "train/ham/x.txt")
    let refusal = try failure { try load() }
    #expect(refusal.message.hasSuffix("x.txt: expected text in UTF-8, found other bytes"))
    #expect(refusal.hint == "state the option encoding=latin-1, or convert the texts")
    #expect(try load(":encoding=latin-1").featureNames?.contains("für") == true)
  }

  @Test("a class without texts, texts without words, and links out of the folder are refused")
  func refused() throws {
    try write([("train/a/1.txt", "! ?"), ("test/a/1.txt", "word")])
    #expect(try failure { try load() }.message.contains("expected words of at least two letters"))
    try folder.write([1], to: "train/b/x.bin")
    #expect(
      try failure { try load() }.message.hasSuffix(
        "b: expected text files in the folder of a class, found none"))
    try FileManager.default.removeItem(at: folder.appending("train/b"))
    try FileManager.default.createSymbolicLink(
      at: folder.appending("train/a/2.txt"), withDestinationURL: URL(filePath: "/etc/hostname"))
    #expect(try failure { try load() }.message.contains("is a link that leads out of the folder"))
  }

  @Test("a folder of pictures is not read as texts")
  func pictures() throws {
    try folder.write(try flatPNG(1), to: "train/a/1.png")
    try folder.write(try flatPNG(1), to: "test/a/1.png")
    try write([("train/a/1.txt", "a caption")])
    #expect(try load().shape.isPicture)
  }
}
