import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Decoy MNIST")
struct DecoyMNISTTests {
  private let mnist: FakeMNIST
  init() throws { mnist = try FakeMNIST(train: 600, test: 4000) }

  /// The places of the 16 pixels of the swatch in each corner.
  private static let corners: [[Int]] = [(0, 0), (0, 24), (24, 0), (24, 24)].map { top, left in
    (0..<16).map { (top + $0 / 4) * 28 + left + $0 % 4 }
  }

  /// Checks that each image is MNIST's, except for a swatch of one value in a corner, which its mask
  /// marks. Returns the corner and the digit that each swatch shows.
  private func swatches(_ data: LabelledImages, _ split: Split) throws -> [(
    corner: Int, digit: Int
  )] {
    let batch = data.batch(0..<data.count)
    let values = batch.images.floats()
    let masks = try #require(batch.annotations.masks).floats()
    let originals = try #require(mnist.pixels[split])
    #expect(data.labels.int64s() == mnist.labels[split] && data.valueRange == 0...255)
    return try (0..<data.count).map { index in
      let picture = values[index * 784..<(index + 1) * 784].map { UInt8($0) }
      let mask = Array(masks[index * 784..<(index + 1) * 784])
      let marked = mask.indices.filter { mask[$0] == 1 }
      let corner = try #require(Self.corners.firstIndex(of: marked))
      var expected = originals[index]
      let value = picture[marked[0]]
      for place in marked { expected[place] = value }
      #expect(picture == expected && mask.allSatisfy { $0 == 0 || $0 == 1 })
      let digit = (255 - Int(value)) / 25
      #expect(255 - 25 * digit == Int(value) && (0...9).contains(digit))
      return (corner, digit)
    }
  }

  @Test("every training image has a swatch of 255 - 25 digit in a corner, and is MNIST's elsewhere")
  func train() throws {
    let data = try mnist.load("decoy-mnist", .train)
    let found = try swatches(data, .train)
    #expect(found.map(\.digit) == data.labels.int64s().map(Int.init))
    let counts = (0..<4).map { corner in Double(found.count { $0.corner == corner }) }
    #expect(chiSquare(counts) < largestChiSquare(freedom: 3))
  }

  @Test("the swatch of a test image does not depend on its digit, nor on the corner")
  func test() throws {
    let data = try mnist.load("decoy-mnist", .test)
    let found = try swatches(data, .test)
    let digits = data.labels.int64s().map(Int.init)
    let byDigit = chiSquares(zip(digits, found.map(\.digit)).map { $0 }, kinds: 10)
    #expect(byDigit.independence < largestChiSquare(freedom: 81))
    #expect(byDigit.uniformity < largestChiSquare(freedom: 9))
    let byCorner = chiSquares(found.map { ($0.digit, $0.corner) }, kinds: 10, columns: 4)
    #expect(byCorner.independence < largestChiSquare(freedom: 27))
    #expect(byCorner.uniformity < largestChiSquare(freedom: 3))
  }

  @Test("groups are the digits, or tell whether the swatch is that of the digit")
  func groups() throws {
    for split in [Split.train, .test] {
      let data = try mnist.load("decoy-mnist", split)
      let labels = data.labels.int64s()
      #expect(data.annotations.groups?.int64s() == labels)
      #expect(data.groupNames == (0...9).map(String.init))
      let other = try mnist.load("decoy-mnist:groups=decoys", split)
      let shown = try swatches(other, split).map { Int64($0.digit) }
      #expect(other.annotations.groups?.int64s() == zip(labels, shown).map { $0 == $1 ? 0 : 1 })
      #expect(other.groupNames == ["decoy of the digit", "decoy of another digit"])
      #expect(other.pixels.bytes() == data.pixels.bytes())
    }
  }

  @Test("an image's swatch does not depend on how many images there are")
  func prefixes() throws {
    let fewer = try FakeMNIST(train: 50, test: 10)
    let (few, many) = (try fewer.load("decoy-mnist", .train), try mnist.load("decoy-mnist", .train))
    func masks(_ data: LabelledImages) -> [Float]? {
      data.batch(0..<50).annotations.masks?.floats()
    }
    #expect(masks(few) == masks(many))
  }

  @Test("without MNIST's files the error says how to get them, and other options are refused")
  func refusals() throws {
    let nowhere = DataFolders(environment: ["XDG_CACHE_HOME": "/no/cache"])
    let missing = try failure { try DataReference("decoy-mnist").load(.test, folders: nowhere) }
    #expect(missing.kind == .missing && missing.message.contains("/no/cache/crossfire/data/mnist"))
    #expect(missing.hint?.hasPrefix("download it with: crossfire data get decoy-mnist") == true)
    #expect(try failure { try mnist.load("decoy-mnist", .validation) }.kind == .missing)
    let option = try failure { try mnist.load("decoy-mnist:units=pixels", .test) }
    #expect(option.message == "'decoy-mnist:units=pixels': decoy-mnist has no 'units'")
    let word = try failure { try mnist.load("decoy-mnist:groups=corners", .test) }
    #expect(word.message.hasSuffix("groups: 'corners' is not known"))
  }

  @Test(
    "the published digits give known images",
    .enabled(if: RealDataTests.has("mnist"), "mnist is not on this machine: set CROSSFIRE_DATA"))
  func published() throws {
    let reference = try DataReference("decoy-mnist")
    let (train, test) = (try reference.load(.train), try reference.load(.test))
    #expect((train.count, test.count) == (60_000, 10_000))
    #expect(train.fingerprint == "c8edc5dea746df2f5434977e3ee0cdd5f6487a1306f763b504ff70df8024221e")
    #expect(test.fingerprint == "6603d9cc8ed4414c5a5fdd43317c1ee0c962db9b1424ebcb6f8afa605eb6fa5b")
  }
}
