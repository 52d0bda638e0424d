import Foundation
import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Decoy MNIST in halves")
struct DecoyMNISTHalvesTests {
  private let mnist: FakeMNIST
  init() throws { mnist = try FakeMNIST(train: 3000, test: 2000) }

  /// A digit at half its height by the antialiased bilinear filter: a weighted mean of four rows,
  /// or of three at the edge.
  private static func halfAsHigh(_ digit: [UInt8]) -> [UInt8] {
    (0..<14).flatMap { row in
      (0..<28).map { column in
        let weights = [(-1, 1.0), (0, 3), (1, 3), (2, 1)]
          .filter { (0..<28).contains(2 * row + $0.0) }
        let sum = weights.reduce(0) {
          $0 + $1.1 * Double(digit[(2 * row + $1.0) * 28 + column])
        }
        return UInt8((sum / weights.reduce(0) { $0 + $1.1 } + 0.5).rounded(.down))
      }
    }
  }

  /// Where the decoy of each image is, and the digit whose grey it has.
  private struct Decoy {
    let isAbove: Bool
    let digit: Int
  }

  /// Checks that one half of each image is its digit and that the mask marks the other half, which
  /// is one grey.
  private func decoys(_ split: Split) throws -> [Decoy] {
    let data = try mnist.load("decoy-mnist-halves:units=pixels", split)
    let batch = data.batch(0..<data.count)
    let values = batch.images.floats()
    let masks = try #require(batch.annotations.masks).floats()
    let source = split == .test ? Split.test : .train
    let (digits, labels) = (mnist.pixels[source]!, mnist.labels[source]!)
    let places = DecoyMNISTHalves.places(of: split, among: digits.count)
    #expect(data.labels.int64s() == places.map { labels[$0] } && data.valueRange == 0...1)
    return try (0..<data.count).map { index in
      let range = index * 3 * 784..<(index + 1) * 3 * 784
      let (picture, mask) = (Array(values[range]), Array(masks[range]))
      for channel in 1..<3 {
        #expect(picture[channel * 784..<(channel + 1) * 784] == picture[..<784])
      }
      let isAbove = mask[0] == 1
      let half = [Float](repeating: isAbove ? 1 : 0, count: 392)
      #expect(mask == [[Float]](repeating: half + half.map { 1 - $0 }, count: 3).flatMap { $0 })
      let bytes = picture[..<784].map { UInt8(($0 * 255).rounded()) }
      let (decoy, digit) =
        isAbove ? (bytes[..<392], bytes[392...]) : (bytes[392...], bytes[..<392])
      #expect(Array(digit) == Self.halfAsHigh(digits[places[index]]))
      let value = Int(try #require(decoy.first))
      #expect(Set(decoy).count == 1 && value % 25 == 0 && value <= 225)
      return Decoy(isAbove: isAbove, digit: value / 25)
    }
  }

  @Test("the decoy of every training image is 25 times its digit, in either half")
  func train() throws {
    let found = try decoys(.train)
    #expect(
      try found.map { Int64($0.digit) } == mnist.load("decoy-mnist-halves", .train).labels.int64s())
    let above = found.count(where: \.isAbove)
    #expect(
      chiSquare([Double(above), Double(found.count - above)]) < largestChiSquare(freedom: 1))
  }

  @Test("the decoy of a test image does not depend on its digit")
  func test() throws {
    let found = try decoys(.test).map(\.digit)
    let labels = try mnist.load("decoy-mnist-halves", .test).labels.int64s().map(Int.init)
    let statistics = chiSquares(zip(labels, found).map { $0 }, kinds: 10)
    #expect(statistics.independence < largestChiSquare(freedom: 81))
    #expect(statistics.uniformity < largestChiSquare(freedom: 9))
  }

  @Test("the decoys of validation images are drawn, too")
  func validation() throws {
    let found = try decoys(.validation).map { Int64($0.digit) }
    let labels = try mnist.load("decoy-mnist-halves", .validation).labels.int64s()
    #expect(found.count == 300)
    let share = Double(zip(found, labels).count { $0 == $1 }) / 300
    // A tenth agrees by chance; four standard errors are .07.
    #expect(abs(share - 0.1) < 0.07)
  }

  @Test("training and validation images are nine tenths and one tenth of MNIST's, none in both")
  func splits() {
    let (train, validation) = (
      DecoyMNISTHalves.places(of: .train, among: 3000),
      DecoyMNISTHalves.places(of: .validation, among: 3000)
    )
    #expect((train.count, validation.count) == (2700, 300))
    #expect((train + validation).sorted() == Array(0..<3000))
    #expect(validation != Array(2700..<3000) && validation == validation.sorted())
  }

  @Test("the values are normalised as published, and the range spans all channels")
  func normalised() throws {
    let data = try mnist.load("decoy-mnist-halves", .test)
    let pixels = try mnist.load("decoy-mnist-halves:units=pixels", .test)
    let (mean, deviation): ([Float], [Float]) = (
      [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]
    )
    let range = 0..<20
    let found = data.batch(range).images
    #expect(found.shape == [20, 3, 28, 28] && found.type == .float32)
    for channel in 0..<3 {
      let plain = pixels.batch(range).images.narrow(1, channel, 1).floats()
      #expect(
        found.narrow(1, channel, 1).floats()
          == plain.map { ($0 - mean[channel]) / deviation[channel] })
    }
    // (0 − .4914) / .2023 and (1 − .4465) / .2010
    #expect(abs(data.valueRange.lowerBound + 2.429066) < 1e-5)
    #expect(abs(data.valueRange.upperBound - 2.753731) < 1e-5)
    let all = data.batch(0..<data.count).images
    #expect(
      data.valueRange.contains(all.min().scalar) && data.valueRange.contains(all.max().scalar))
    #expect(data.annotations.storedMasks?.stored?.shape == [2000, 1, 28, 28])
    #expect(data.fingerprint != pixels.fingerprint)
  }

  @Test("groups are the digits, or tell whether the decoy is that of the digit")
  func groups() throws {
    let data = try mnist.load("decoy-mnist-halves", .validation)
    #expect(data.annotations.groups?.int64s() == data.labels.int64s())
    let found = try decoys(.validation).map { Int64($0.digit) }
    let other = try mnist.load("decoy-mnist-halves:groups=decoys", .validation)
    #expect(
      other.annotations.groups?.int64s()
        == zip(found, data.labels.int64s()).map { $0 == $1 ? 0 : 1 }
    )
  }

  @Test(
    "the published digits give known images",
    .enabled(if: RealDataTests.has("mnist"), "mnist is not on this machine: set CROSSFIRE_DATA"))
  func published() throws {
    let reference = try DataReference("decoy-mnist-halves")
    let parts = try Split.allCases.map { try reference.load($0) }
    #expect(parts.map(\.count) == [54_000, 6_000, 10_000])
    #expect(
      parts[1].fingerprint == "a02bc7cbe634e8f336b9555708768ba1038204e72c0b0df29b4c9a26485e8717")
    #expect(
      parts[2].fingerprint == "1c372f02bc162128ae6e2172ce7ada0aa7280e4bf5c90ec00cec74c00e33ba31")
    let first = parts[0].prefix(1000)
    #expect(first.fingerprint == "476a2d55266b6521866647647cb2463cd6715071f7ef0687ca926524bcc74256")
  }
}
