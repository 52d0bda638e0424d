import Foundation
import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Iris-Cancer")
struct IrisCancerTests {
  /// The folder with the tables of Iris and Breast Cancer as scikit-learn has them.
  private static let tables = DataFolders().candidates(for: "tabular").first {
    FileManager.default.fileExists(atPath: $0.appending(path: "breast_cancer.csv").path)
  }

  private func load(_ options: String = "", _ split: Split) throws -> LabelledImages {
    try DataReference("iris-cancer" + options).load(split)
  }

  private func rows(_ data: LabelledImages) -> [[Float]] {
    let values = data.batch(0..<data.count).images.floats()
    return stride(from: 0, to: values.count, by: 34).map { Array(values[$0..<$0 + 34]) }
  }

  @Test(
    "the table has the rows of scikit-learn's tables",
    .enabled(if: tables != nil, "tabular/ is not on this machine: set CROSSFIRE_DATA"))
  func table() throws {
    func read(_ name: String, _ target: String) throws -> [[Float]] {
      let text = try String(
        contentsOf: Self.tables!.appending(path: name), encoding: .utf8)
      return text.split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
        .filter { $0.last! == target }.prefix(50).map { $0.dropLast().map { Float($0)! } }
    }
    let flowers = try read("iris.csv", "1") + read("iris.csv", "2")
    let tumours = try read("breast_cancer.csv", "0") + read("breast_cancer.csv", "1")
    #expect(flowers.count == 100 && tumours.count == 100)
    #expect(IrisCancer.table == zip(flowers, tumours).map { $0 + $1 })
  }

  @Test("the features have the names of scikit-learn's columns, in both parts and in a sample")
  func featureNames() throws {
    let parts = ["radius", "texture", "perimeter", "area", "smoothness", "compactness"]
    let shapes = ["concavity", "concave points", "symmetry", "fractal dimension"]
    let flowers = ["sepal length", "sepal width", "petal length", "petal width"]
    let tumours = parts + shapes
    let expected =
      flowers.map { "\($0) (cm)" } + tumours.map { "mean \($0)" } + tumours.map { "\($0) error" }
      + tumours.map { "worst \($0)" }
    for option in ["", ":iris=out", ":iris=both"] {
      for part in [Split.train, .test] {
        #expect(try load(option, part).featureNames == expected)
      }
    }
    #expect(try load("", .test).choosing([3]).featureNames == expected)
  }

  @Test("a split divides the 100 rows into 67 and 33, and keeps their classes")
  func splits() throws {
    let table = IrisCancer.table
    #expect(table.count == 100 && table.allSatisfy { $0.count == 34 })
    #expect(table.flatMap { $0 }.allSatisfy { IrisCancer.valueRange.contains(Double($0)) })
    var tests: Set<[[Float]]> = []
    for number in 1...20 {
      let parts = try [Split.train, .test].map { try load(":split=\(number)", $0) }
      #expect(parts.map(\.count) == [67, 33])
      var places: [Int] = []
      for part in parts {
        let found = try rows(part).map { try #require(table.firstIndex(of: $0)) }
        #expect(part.labels.int64s() == found.map { $0 < 50 ? 0 : 1 })
        places += found
      }
      #expect(places.sorted() == Array(0..<100))
      tests.insert(rows(parts[1]))
    }
    #expect(tests.count == 20)
  }

  @Test(
    "without the flowers, the first four features of the test set are 0 and nothing else changes")
  func withoutIris() throws {
    let (whole, out) = (try load(":split=3", .test), try load(":split=3,iris=out", .test))
    let expected = rows(whole).map { [0, 0, 0, 0] + $0.dropFirst(4) }
    #expect(rows(out) == expected)
    #expect(out.labels.int64s() == whole.labels.int64s() && out.annotations.groups == nil)
    let both = try load(":iris=both,split=3", .test)
    #expect(rows(both) == rows(whole) + expected)
    #expect(both.labels.int64s() == whole.labels.int64s() + whole.labels.int64s())
    #expect(both.annotations.groups?.int64s() == (0..<66).map { $0 < 33 ? 0 : 1 })
    #expect(both.groupNames == ["Iris in", "Iris out"])
    let train = try load(":split=3", .train)
    for option in ["out", "both"] {
      let other = try load(":split=3,iris=\(option)", .train)
      #expect(rows(other) == rows(train))
      #expect(other.annotations.groups?.max().scalar ?? 0 == 0)
    }
  }

  @Test("the mask marks the four features of the flowers in every row")
  func masks() throws {
    let masks = try #require(try load("", .train).batch(0..<67).annotations.masks)
    let one: [Float] = (0..<34).map { $0 < 4 ? 1 : 0 }
    #expect(masks.floats() == [[Float]](repeating: one, count: 67).flatMap { $0 })
  }

  @Test(
    "the rows are the same on every machine, and the word repetition stands for the first split")
  func fingerprints() throws {
    #expect(
      try load("", .train).fingerprint
        == "1e240647055573db32a791a78bedf3a2a26a2c14a85330466d0dc8401c5b3956")
    #expect(
      try load("", .test).fingerprint
        == "7277bc444ee0395588bf47f60faa1c1650bb3d4c4cc72d9a1001fdccb12c5eab")
    #expect(try load(":split=repetition", .test).fingerprint == load(":split=1", .test).fingerprint)
    #expect(try DataReference("iris-cancer").check().passed)
    #expect(try DataReference("iris-cancer:iris=both").check().passed)
  }

  @Test("in a repetition of an experiment, the word repetition is its number")
  func repetitions() throws {
    let reference = try DataReference("iris-cancer:iris=out,split=repetition")
    #expect(reference.repetition(7).description == "iris-cancer:iris=out,split=7")
    #expect(
      try reference.repetition(7).load(.train).fingerprint == load(":split=7", .train).fingerprint)
    let tested = try DataReference("iris-cancer:test:split=repetition").repetition(2)
    #expect(tested.description == "iris-cancer:test:split=2" && tested.split == .test)
    #expect(
      try DataReference("iris-cancer:split=4").repetition(7).description == "iris-cancer:split=4")
    #expect(try DataReference("mnist").repetition(7).description == "mnist")
  }

  @Test("wrong options are refused")
  func refusals() throws {
    for (option, message) in [
      ("split=0", "split: expected a whole number from 1 to 1000000, found '0'"),
      ("iris=none", "iris: 'none' is not known"), ("mask=top", "iris-cancer has no 'mask'"),
    ] {
      let text = "iris-cancer:\(option)"
      #expect(
        try failure { try DataReference(text).load(.test) }.message == "'\(text)': \(message)")
    }
  }
}
