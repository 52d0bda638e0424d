import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("CSV tables of numbers")
struct CSVTableTests {
  private let folder = TemporaryFolder()

  private func write(_ text: String, to name: String = "t.csv") throws {
    try folder.write(Array(text.utf8), to: name)
  }

  private func load(_ options: String = "", _ split: Split? = nil, from name: String = "t.csv")
    throws -> LabelledImages
  {
    let reference = try DataReference(folder.appending(name).path + options)
    return try split.map { try reference.load($0) } ?? reference.load(defaultSplit: .test)
  }

  private static let flowers = """
    length,width,species,place
    5.1,3.5,setosa,north
    7,-3.25,"virginica, big",south
    1e1,0,setosa,south

    """

  @Test("columns become features, labels words in order, and the value range that of the data")
  func plain() throws {
    try write(Self.flowers)
    let data = try load(":label=species,group=place")
    #expect(data.shape == InputShape(features: 2) && data.featureNames == ["length", "width"])
    #expect(data.batch(0..<3).images.floats() == [5.1, 3.5, 7, -3.25, 10, 0])
    #expect(data.classNames == ["setosa", "virginica, big"])
    #expect(data.labels.int64s() == [0, 1, 0])
    #expect(
      data.annotations.groups?.int64s() == [0, 1, 1] && data.groupNames == ["north", "south"])
    #expect(data.annotations.masks == nil && data.valueRange == -3.25...10)
    #expect(try load(":label=species,drop=place,range=-10..10").valueRange == -10...10)
    #expect(data.choosing([1]).featureNames == data.featureNames)
  }

  @Test(
    "a byte order mark, CRLF, quotes, blanks and a missing last line end change nothing",
    arguments: [
      "\u{FEFF}" + flowers, flowers.replacing("\n", with: "\r\n"),
      flowers.replacing("5.1", with: "\"5.1\"").replacing("3.5", with: " 3.5 "),
      String(flowers.dropLast()), flowers + "\n",
    ])
  func spellings(_ text: String) throws {
    try write(Self.flowers, to: "plain.csv")
    try write(text)
    let options = ":label=species,group=place"
    #expect(try load(options).fingerprint == load(options, from: "plain.csv").fingerprint)
  }

  @Test("labels that are whole numbers are sorted as numbers, and need not count from 0")
  func numbers() throws {
    try write("x,label\n1,10\n2,9\n3,10\n")
    let data = try load()
    #expect(data.classNames == ["9", "10"] && data.labels.int64s() == [1, 0, 1])
  }

  @Test("masked columns are marked in every row")
  func masks() throws {
    try write("a,b,c,label\n1,2,3,0\n4,5,6,1\n")
    let data = try load(":mask=a+c")
    #expect(data.batch(0..<2).annotations.masks?.floats() == [1, 0, 1, 1, 0, 1])
    #expect(data.choosing([1]).batch(0..<1).annotations.masks?.floats() == [1, 0, 1])
    #expect(try load(":mask=a+c").fingerprint != load().fingerprint)
  }

  @Test("train.csv and test.csv share their columns by name, their classes, groups and range")
  func splits() throws {
    try write("a,b,label,g\n1,2,x,q\n3,4,y,q\n", to: "d/train.csv")
    try write("label,g,b,a\nz,p,40,-1\n", to: "d/test.csv")
    try write("a,b,label,g\n1,2,x,p\n", to: "d/val.csv")
    let (train, test) = (
      try load(":group=g", .train, from: "d"), try load(":group=g", .test, from: "d")
    )
    #expect(test.batch(0..<1).images.floats() == [-1, 40])
    #expect(train.classNames == ["x", "y", "z"] && test.labels.int64s() == [2])
    #expect(train.valueRange == -1...40 && test.valueRange == -1...40)
    #expect(train.groupNames == ["p", "q"] && test.annotations.groups?.int64s() == [0])
    #expect(try load(":group=g", .validation, from: "d").count == 1)
    #expect(
      train.notes == [
        "\(folder.appending("d").path):train: groups of the data without an example here, so nothing "
          + "is known about them: 'p'"
      ])
    #expect(
      test.notes.last?.hasSuffix("groups with a single example, whose accuracy is 0 or 1: 'p'")
        == true)
  }

  @Test("one file can hold out rows as the test set")
  func heldOut() throws {
    try write("x,label\n" + (0..<20).map { "\($0),\($0 % 2)\n" }.joined())
    let (train, test) = (try load(":heldout=0.25", .train), try load(":heldout=0.25", .test))
    #expect((train.count, test.count) == (15, 5) && train.valueRange == test.valueRange)
  }

  @Test(
    "each fault is refused with its line, its column and advice",
    arguments: [
      ("a,label\n1,x\n,y\n", "t.csv:3: a: expected a number, found ''", "fill in every field"),
      ("a,label\n1,x\nn/a,y\n", "t.csv:3: a: expected a number, found 'n/a'", "drop=a"),
      ("a,label\nnan,x\n", "t.csv:2: a: expected a number, found 'nan'", "drop=a"),
      ("a,label\n1e99,x\n", "t.csv:2: a: expected a number that a 32-bit", nil),
      ("a,label\n1,\n", "t.csv:2: label: expected a word or a whole number, found ''", nil),
      ("a,label\n1,x,3\n", "t.csv:2: expected 2 fields, found 3", nil),
      ("a,label\n1,\"x\n", "t.csv:2: a quoted field is not closed", nil),
      (
        "a,species\n1,x\n", "t.csv:1: there is no column 'label' (label), only a, species", "label="
      ),
      ("a;label\n1;x\n", "t.csv:1: expected commas between the columns, found 'a;label'", "sep"),
      ("1,2\n3,4\n", "t.csv:1: expected a header with the names of the columns", "first line"),
      (",a,label\n0,1,x\n", "t.csv:1: the column 1 has no name", "index=False"),
      ("a,a,label\n0,1,x\n", "t.csv:1: the column 'a' occurs twice", nil),
      ("label\nx\n", "t.csv:1: expected columns of numbers beside the labels", nil),
      ("a,label\n", "t.csv: expected rows below the header, found none", nil),
      ("", "t.csv is empty; expected a header line", nil),
      ("a,label\n2,x\n2,y\n", "t.csv: all numbers are 2.0, so the data have no value", "range="),
      ("a,label\n2,x\u{1B}y\n3,y\n", "t.csv: 'x\\u{1B}y' cannot be the name of a class", "255"),
    ])
  func faults(_ text: String, _ message: String, _ hint: String?) throws {
    try write(text)
    let refusal = try failure { try load() }
    #expect(refusal.kind == .badData)
    #expect(refusal.message.contains(message), "\(refusal)")
    #expect(hint.map { refusal.hint?.contains($0) == true } ?? true, "\(refusal)")
  }

  @Test("options that name no feature, a range that is too small, and other columns are refused")
  func options() throws {
    try write("a,b,label\n1,2,x\n3,4,y\n")
    for (options, message, hint) in [
      (":mask=a+q", "there is no column 'q' (mask), only a, b, label", "known: a, b, label"),
      (":mask=label", "mask names the column 'label', which is not a feature", "remove"),
      (":group=place", "there is no column 'place' (group)", "known"),
      (":range=0..2", "expected values from 0 to 2, found", "larger range"),
      (":resize=3", "has no 'resize'", "known"),
    ] {
      let refusal = try failure { try load(options) }
      #expect(refusal.message.contains(message), "\(refusal)")
      #expect(refusal.hint?.contains(hint) == true, "\(refusal)")
    }
    try write("a,b,label\n1,2,x\n", to: "d/train.csv")
    try write("a,label\n1,x\n", to: "d/test.csv")
    #expect(
      try failure { try load("", .test, from: "d") }.message
        == "test.csv:1: the column 'b' is missing, which the table's other file has")
    try write("a,b,c,label\n1,2,3,x\n", to: "d/test.csv")
    #expect(
      try failure { try load("", .test, from: "d") }
        == .badData(
          "test.csv:1: the table's other file has no column 'c'",
          hint: "leave it out with the option drop=c"))
  }

  @Test("a table that is too large is refused by its size")
  func large() throws {
    try write("a,label\n1,x\n")
    let handle = try FileHandle(forWritingTo: folder.appending("t.csv"))
    try handle.truncate(atOffset: UInt64(TableFile.largest + 1))
    let refusal = try failure { try load() }
    #expect(refusal.message.contains("expected at most \(TableFile.largest) bytes"))
    #expect(refusal.hint?.contains("numpy.savez") == true)
  }

  @Test("damaged tables are read or refused")
  func fuzzed() throws {
    fuzz(Array(Self.flowers.utf8)) { bytes in
      try folder.write(bytes, to: "t.csv")
      return try load(":label=species,group=place").batch(0..<1)
    }
  }
}
