import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Toy colors")
struct ToyColorsTests {
  /// The colours of a picture's 25 pixels, row by row, as numbers: 0 red, 1 green, 2 blue, 3 violet.
  private func colors(_ data: LabelledImages) throws -> [[Int]] {
    let known: [[Float]] = [[255, 0, 0], [0, 255, 0], [0, 128, 255], [128, 0, 255]]
    let values = data.batch(0..<data.count).images.floats()
    return try (0..<data.count).map { index in
      try (0..<25).map { pixel in
        let color = (0..<3).map { values[(index * 3 + $0) * 25 + pixel] }
        return try #require(known.firstIndex(of: color))
      }
    }
  }

  @Test(
    "every picture obeys both rules or neither, as its class says", arguments: [Split.train, .test])
  func rules(split: Split) throws {
    let data = try DataReference("toy-colors").load(split)
    #expect(data.count == 20_000 && data.valueRange == 0...255)
    #expect(data.classNames == ["both rules", "neither rule"])
    var wrong = 0
    for (picture, label) in zip(try colors(data), data.labels.int64s()) {
      let cornersAgree = Set([picture[0], picture[4], picture[20], picture[24]]).count == 1
      let topDiffers = Set(picture[1...3]).count == 3
      let isRight = label == 0 ? cornersAgree && topDiffers : !cornersAgree && !topDiffers
      wrong += isRight ? 0 : 1
    }
    #expect(wrong == 0)
    // The classes are equally likely; four standard errors are 283.
    #expect(abs(data.histogram[0] - 10_000) < 283)
  }

  @Test("within a class, the colours are as likely as the rules allow")
  func frequencies() throws {
    let data = try DataReference("toy-colors").load(.train)
    let labels = data.labels.int64s()
    let pictures = try colors(data)
    let both = pictures.indices.filter { labels[$0] == 0 }.map { pictures[$0] }
    let neither = pictures.indices.filter { labels[$0] == 1 }.map { pictures[$0] }
    func counts(_ pictures: [[Int]], kinds: Int, _ kind: ([Int]) -> Int) -> [Double] {
      pictures.reduce(into: [Double](repeating: 0, count: kinds)) { $0[kind($1)] += 1 }
    }
    // Pixels without a rule, and the corners of the first class, have each colour equally often.
    for pixel in [5, 12, 22] {
      #expect(
        chiSquare(counts(pictures, kinds: 4) { $0[pixel] }) < largestChiSquare(freedom: 3))
    }
    #expect(chiSquare(counts(both, kinds: 4) { $0[24] }) < largestChiSquare(freedom: 3))
    // All 24 ordered triples of three different colours occur equally often.
    let triples = counts(both, kinds: 64) { $0[1] * 16 + $0[2] * 4 + $0[3] }.filter { $0 > 0 }
    #expect(triples.count == 24 && chiSquare(triples) < largestChiSquare(freedom: 23))
    // Half of the pictures change the upper right corner, the others the upper left one. The pair
    // that was not chosen is equal in a quarter of them, so each pair is equal in an eighth.
    for (a, b) in [(4, 20), (0, 24)] {
      let share = Double(neither.count { $0[a] == $0[b] }) / Double(neither.count)
      #expect(abs(share - 0.125) < 4 * (0.125 * 0.875 / Double(neither.count)).squareRoot())
    }
  }

  @Test(
    "the mask marks the pixels of the first rule, the second or both, in every channel",
    arguments: [
      ("", [0, 4, 20, 24]), (":mask=corners", [0, 4, 20, 24]), (":mask=top", [1, 2, 3]),
      (":mask=both", [0, 1, 2, 3, 4, 20, 24]),
    ])
  func masks(option: String, marked: [Int]) throws {
    let data = try DataReference("toy-colors" + option).load(.test)
    let masks = try #require(data.batch(0..<3).annotations.masks)
    #expect(masks.shape == [3, 3, 5, 5])
    let one: [Float] = (0..<25).map { marked.contains($0) ? 1 : 0 }
    #expect(masks.floats() == [[Float]](repeating: one, count: 9).flatMap { $0 })
    #expect(masks.narrow(0, 0, 1).sum().scalar == Double(3 * marked.count))
  }

  @Test("the pictures are the same on every machine, and those of the splits differ")
  func fingerprints() throws {
    let (train, test) = (
      try DataReference("toy-colors").load(.train), try DataReference("toy-colors").load(.test)
    )
    #expect(train.fingerprint == "6dc0d97daed3d19c51cf7b4b12202e3d2d7dd6a073ea137dfb59c1398a5b6cc4")
    #expect(test.fingerprint == "24e0710164da1cc2c478f1ff8b20c3b99a92c35eb17dcce4cab9d22602adb9f3")
    #expect(Set(train.imageDigests).isDisjoint(with: test.imageDigests))
    #expect(try DataReference("toy-colors").check().passed)
  }
}
