import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Validation splits")
struct ValidationSplitTests {
  private let folder = TemporaryFolder()

  /// Writes one picture of class a, and tells the value of its pixels by the folder.
  private func write(_ places: [String: UInt8]) throws {
    for (place, value) in places { try folder.write(try flatPNG(value), to: "\(place)/a/1.png") }
  }

  private func value(_ split: Split) throws -> UInt8 {
    try DataReference(folder.url.path).load(split).pixels.bytes()[0]
  }

  @Test("val/ is the validation split beside test/, and the test split without it")
  func folders() throws {
    try write(["train": 1, "val": 2])
    #expect(try (value(.train), value(.test)) == (1, 2))
    #expect(try failure { try value(.validation) }.kind == .missing)
    try write(["test": 3])
    #expect(try (value(.train), value(.validation), value(.test)) == (1, 2, 3))
    let other = TemporaryFolder()
    for (place, value) in [("train", 4), ("validation", 5), ("test", 6)] as [(String, UInt8)] {
      try other.write(try flatPNG(value), to: "\(place)/a/1.png")
    }
    let data = try DataReference(other.url.path + ":validation").load(defaultSplit: .test)
    #expect(data.pixels.bytes()[0] == 5 && data.name == other.url.path + ":validation")
  }

  @Test("arrays may have a validation split", arguments: ["validation", "val"])
  func arrays(word: String) throws {
    let labels = Tensor([0, 1] as [Int64], shape: [2])
    func images(_ value: Double) -> Tensor { .full(value, shape: [2, 1, 2], type: .uint8) }
    let all: [(name: String, tensor: Tensor)] = [
      ("train_images", images(7)), ("train_labels", labels), ("test_images", images(8)),
      ("test_labels", labels), ("\(word)_images", images(9)), ("\(word)_labels", labels),
      ("\(word)_groups", labels),
    ]
    let path = try WrittenFormat.npz.write(all, to: folder)
    let data = try DataReference(path).load(.validation)
    #expect(data.pixels.bytes() == [9, 9, 9, 9] && data.annotations.groups != nil)
    #expect(data.notes.isEmpty && data.classCount == 2)
    let check = try DataReference(path).check()
    #expect(check.rows.contains { $0.split == .validation && $0.subject == "fingerprint" })
    let overlap = "validation images that are also training images"
    #expect(check.rows.contains { $0.subject == overlap && $0.verdict == .good })
  }

  @Test("validation images that are also training images are counted")
  func overlap() throws {
    try write(["train": 1, "val": 1, "test": 2])
    let check = try DataReference(folder.url.path).check()
    let row = check.rows.first { $0.subject == "validation images that are also training images" }
    #expect(row?.verdict == .bad)
    #expect(row?.found.hasPrefix("1 of 1 (100 %), such as validation image 0, which is") == true)
  }

  @Test("data without a validation split refuse it, and say what to do")
  func none() throws {
    let advice = "hold out some training images instead: the setting validation of a training"
    #expect(
      try failure { try DataReference("synthetic:validation").load(defaultSplit: .test) }
        == .missing("synthetic has no split 'validation', only train, test", hint: advice))
    #expect(
      try failure { try DataReference("synthetic:validation").check() }
        == .missing("synthetic has no split 'validation', only train, test", hint: advice))
    #expect(try failure { try SevenSegmentDigits().images(.validation) }.kind == .missing)
    for index in 0..<10 { try folder.write(try flatPNG(UInt8(index)), to: "a/\(index).png") }
    let path = folder.url.path
    #expect(
      try failure { try DataReference(path).load(.validation) }
        == .missing("\(path) has no split 'validation'", hint: advice))
    #expect(
      try failure { try DataReference(path + ":heldout=0.2").load(.validation) }
        == .missing("\(path) has no split 'validation', only test, train", hint: advice))
  }

  @Test("a reference tells which splits its data have, whether or not they are on this machine")
  func has() throws {
    for split in [Split.train, .test] { #expect(try DataReference("mnist").has(split)) }
    #expect(try !DataReference("mnist").has(.validation) && DataReference("mnist").hasParts)
    try write(["train": 1, "val": 2, "test": 3])
    let path = folder.url.path
    for split in Split.allCases { #expect(try DataReference(path).has(split)) }
    let other = TemporaryFolder()
    try other.write(try flatPNG(1), to: "a/1.png")
    for split in Split.allCases { #expect(try !DataReference(other.url.path).has(split)) }
    #expect(try DataReference(other.url.path + ":heldout=0.5").has(.test))
    #expect(try !DataReference(other.url.path + ":heldout=0.5").has(.validation))
  }
}
