import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// What scripts/tfidf_reference.py wrote.
private struct TextReference: Decodable {
  struct Fit: Decodable {
    let words: [String]
    /// Row, column and weight of each entry that is not zero.
    let train: [[Double]]
    let test: [[Double]]
  }

  struct Order: Decodable {
    let count: Int
    let modulus: Int
    let quick: Int
    let heap: Int
  }

  let few: Fit
  let all: Fit
  let orders: [Order]

  enum CodingKeys: String, CodingKey {
    case few = "40"
    case all = "5000"
    case orders
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/texts")

  static func read() throws -> TextReference {
    try JSONDecoder().decode(
      TextReference.self, from: Data(contentsOf: folder.appending(path: "reference.json")))
  }
}

@Suite("Weights of words are those of scikit-learn's TfidfVectorizer")
struct TermWeightsTests {
  /// The largest difference between rows and the entries that they should have, and zeros elsewhere.
  private func furthest(_ rows: Tensor, from entries: [[Double]]) -> Double {
    var expected = [Float](repeating: 0, count: rows.count)
    for entry in entries {
      expected[Int(entry[0]) * rows.shape[1] + Int(entry[1])] = Float(entry[2])
    }
    return Double(zip(rows.floats(), expected).map { abs($0 - $1) }.max()!)
  }

  @Test(
    "small texts have the reference's words and weights, with words of equal frequency at the limit",
    arguments: [40, 5000])
  func small(_ most: Int) throws {
    let reference = try TextReference.read()
    let expected = most == 40 ? reference.few : reference.all
    let data = try DataReference("\(TextReference.folder.path):words=\(most)")
    for (split, entries) in [(Split.train, expected.train), (.test, expected.test)] {
      let rows = try data.load(split)
      let words = try #require(rows.featureNames)
      #expect(words.map { Array($0.utf8) } == expected.words.map { Array($0.utf8) })
      #expect(rows.valueRange == 0...1 && rows.classNames == ["first", "second"])
      #expect(furthest(rows.batch(0..<rows.count).images, from: entries) < 1e-6)
    }
  }

  @Test("a text without any of the words is a row of zeros, and a note counts such texts")
  func empty() throws {
    let rows = try DataReference(TextReference.folder.path).load(.train)
    let sums = rows.pixels.sum([1]).floats()
    #expect(sums.count { $0 == 0 } == 1)
    #expect(rows.notes.contains { $0.hasSuffix("counted words: 1; their rows are zeros") })
    #expect(try DataReference(TextReference.folder.path).load(.test).notes.isEmpty)
  }

  @Test("numbers are sorted as by NumPy's argsort, also where they are equal")
  func orders() throws {
    for order in try TextReference.read().orders {
      let values = (0..<order.count).map { ($0 * $0 * 7919 + 31 * $0) % order.modulus }
      func checksum(_ places: [Int]) -> Int {
        places.enumerated().reduce(0) { $0 + ($1.offset + 1) * $1.element } % 1_000_003
      }
      let quick = NumPyOrder.ascending(values)
      #expect(quick.map { values[$0] } == values.sorted())
      #expect(checksum(quick) == order.quick, "\(order)")
      #expect(checksum(NumPyOrder.ascending(values, depth: -1)) == order.heap, "\(order)")
    }
  }

  @Test("words are runs of at least two letters, digits or underscores of any script")
  func words() {
    func words(_ text: String) -> [String] {
      Term.words(Array(text.unicodeScalars)).map(\.text)
    }
    #expect(words("don't e-mail: a_b I 42 x") == ["don", "mail", "a_b", "42"])
    #expect(words("naïve x² ½cup Ⅷ٣ 日本語") == ["naïve", "x²", "½cup", "Ⅷ٣", "日本語"])
    // An accent of its own is no word character.
    #expect(words("cafe\u{301}s").map { Array($0.utf8) } == [Array("cafe".utf8)])
    #expect(words("") == [] && words("a. b!") == [])
  }

  @Test("the norm of every row is 1, and a repeated training set gives the same words and weights")
  func laws() {
    let texts = ["one two two", "two three", "one four four four"].map {
      Term.words(Array($0.unicodeScalars))
    }
    let weights = TermWeights(trainedOn: texts, most: 3)
    #expect(weights.words.map(\.text) == ["four", "one", "two"])
    let rows = weights.rows(texts)
    #expect(rows.square.sum([1]).floats().allSatisfy { abs($0 - 1) < 1e-6 })
    let again = TermWeights(trainedOn: texts, most: 3).rows(texts)
    #expect(rows.floats() == again.floats())
  }

  @Test(
    "the posts of two newsgroups have scikit-learn's words and weights",
    .enabled(
      if: RealDataTests.has("newsgroups"), "newsgroups is not on this machine: set CROSSFIRE_DATA"))
  func posts() throws {
    // The numbers are those of scripts/tfidf_reference.py --posts.
    let expected: [(split: Split, count: Int, entries: Int, sum: Double, weighted: Double)] = [
      (.train, 1079, 175_493, 10511.492076442742, 21983598.567836314),
      (.test, 717, 115_722, 6868.083107542285, 14470640.725180365),
    ]
    let single: [Split: [(Int, Int, Float)]] = [
      .train: [
        (0, 13, 0.030598130619867856), (102, 1192, 0.1310657014086906),
        (219, 620, 0.03299898604460269), (334, 2365, 0.032588735850809125),
        (427, 3437, 0.07622362398058076), (543, 4819, 0.05115083902127421),
        (649, 4900, 0.025173025665246793), (756, 3642, 0.02742604552334141),
        (871, 3575, 0.13716768691334968), (975, 3646, 0.0458251240909668),
      ],
      .test: [
        (0, 15, 0.08734552485301697), (71, 4612, 0.08072101563882124),
        (151, 671, 0.030801316465502136), (222, 4764, 0.03572614709381531),
        (289, 4589, 0.03877145401824572), (349, 4592, 0.00947526228277781),
        (414, 4442, 0.027237061072611073), (499, 4412, 0.05381199404875848),
        (574, 3173, 0.030022163989090928), (645, 4941, 0.05004283975042529),
      ],
    ]
    for (split, count, entries, sum, weighted) in expected {
      let data = try DataReference("newsgroups").load(split)
      #expect(data.count == count && data.shape == InputShape(features: 5000))
      let words = try #require(data.featureNames).joined(separator: "\n")
      #expect(
        Digest.hex(of: Array(words.utf8))
          == "b85609b38469a8c329853006702d4e3f6c076f035e1dea35e9f95eddde15384b")
      let values = data.pixels.floats()
      var (found, total, weightedTotal) = (0, 0.0, 0.0)
      for (place, value) in values.enumerated() where value != 0 {
        let (row, column) = place.quotientAndRemainder(dividingBy: 5000)
        found += 1
        total += Double(value)
        weightedTotal += Double(value) * Double(column % 97 + 1) * Double(row % 89 + 1)
      }
      #expect(found == entries)
      #expect(abs(total / sum - 1) < 1e-7 && abs(weightedTotal / weighted - 1) < 1e-7)
      for (row, column, value) in single[split]! {
        #expect(abs(values[row * 5000 + column] - value) < 1e-6, "\(row), \(column)")
      }
    }
  }
}
