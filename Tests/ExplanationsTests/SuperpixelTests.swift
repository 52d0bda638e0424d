import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite("Superpixels")
struct SuperpixelTests {
  private func superpixels(_ image: Tensor, wanted: Int, compactness: Double = 10) -> Superpixels {
    Superpixels(image, in: 0...1, wanted: wanted, compactness: compactness)
  }

  /// The number of connected parts that the pixels of each segment form.
  private func parts(_ found: Superpixels, height: Int, width: Int) -> [Int] {
    var isSeen = [Bool](repeating: false, count: height * width)
    var parts = [Int](repeating: 0, count: found.count)
    for start in 0..<height * width where !isSeen[start] {
      parts[found.segments[start]] += 1
      var open = [start]
      isSeen[start] = true
      while let place = open.popLast() {
        let (y, x) = (place / width, place % width)
        for (row, column) in [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        where (0..<height).contains(row) && (0..<width).contains(column) {
          let next = row * width + column
          guard !isSeen[next], found.segments[next] == found.segments[start] else { continue }
          isSeen[next] = true
          open.append(next)
        }
      }
    }
    return parts
  }

  @Test(
    "every pixel belongs to exactly one connected segment",
    arguments: [(3, 31, 20), (1, 28, 28), (4, 9, 40), (3, 1, 17), (1, 1, 1), (3, 2, 2)])
  func connected(_ channels: Int, _ height: Int, _ width: Int) {
    let noise = RandomSource(Seed(2)).uniform([1, channels, height, width])
    let smooth = (noise - noise.mean([2, 3], keep: true)) * 0.1 + 0.5
    for image in [noise, smooth] {
      for wanted in [1, 7, 60, 100_000] {
        for compactness in [0.01, 10, 1e6] {
          let found = superpixels(image, wanted: wanted, compactness: compactness)
          #expect(found.segments.count == height * width)
          #expect(Set(found.segments) == Set(0..<found.count))
          let parts = parts(found, height: height, width: width)
          #expect(parts.allSatisfy { $0 == 1 }, "\(wanted) \(compactness): \(parts)")
        }
      }
    }
  }

  @Test("a picture of one colour is divided into a grid of equal squares")
  func uniform() {
    for channels in [1, 3] {
      let image = Tensor.full(0.3, shape: [1, channels, 24, 36])
      let found = superpixels(image, wanted: 24)
      #expect(found.count == 24)
      let sizes = (0..<24).map { number in found.segments.count { $0 == number } }
      #expect(sizes.allSatisfy { (25...49).contains($0) }, "\(sizes)")
    }
  }

  @Test("segments follow the edge between two colours")
  func edge() {
    // The left 11 of 30 columns are red and the others green, which no grid of squares divides.
    let red = (0..<30).map { Float($0 < 11 ? 1 : 0) }
    let row = Tensor(red, shape: [1, 1, 1, 30]).expanded([1, 1, 30, 30]).contiguous
    let image = Tensor.concatenate([row, 1 - row, row * 0], along: 1)
    let found = superpixels(image, wanted: 9, compactness: 1)
    #expect(found.count > 3)
    for segment in 0..<found.count {
      let columns = found.segments.indices.filter { found.segments[$0] == segment }.map { $0 % 30 }
      #expect(Set(columns.map { $0 < 11 }).count == 1, "segment \(segment) lies on both sides")
    }
  }

  @Test("the number of segments is about what is wanted, and nothing is random")
  func number() {
    let image = RandomSource(Seed(9)).uniform([1, 3, 64, 64])
    let found = superpixels(image, wanted: 64, compactness: 40)
    #expect((32...128).contains(found.count), "\(found.count)")
    #expect(superpixels(image, wanted: 64, compactness: 40).segments == found.segments)
    // The unit of the values does not matter.
    let bytes = Superpixels(image * 255, in: 0...255, wanted: 64, compactness: 40)
    let same = zip(bytes.segments, found.segments).count { $0 == $1 }
    #expect(Double(same) > 0.99 * 64 * 64)
  }

  @Test(
    "LIME gives all pixels of a superpixel the same contribution, and finds the one that matters")
  func lime() throws {
    // A bright square on a dark ground; the score is the brightness inside of the square.
    let inside = Tensor.ones([1, 1, 6, 6]).padded(left: 5, right: 9, top: 8, bottom: 6)
    let image = inside * 0.7 + 0.1
    let model = BrightnessModel(inside: inside)
    let method = try LocalLinearModel(
      settings([
        "sampling": "superpixels", "segments": "16", "scalar": "true-logit", "samples": "200",
        "removed": "zero",
      ]))
    let found = method.explain(batch(image, of: model)).contributions
    let inner = (found * inside).sum().scalar
    #expect(inner > 0.8 * found.absolute.sum().scalar)
    let segments = superpixels(image, wanted: 16).segments
    let values = found.floats()
    for segment in Set(segments) {
      let own = segments.indices.filter { segments[$0] == segment }.map { values[$0] }
      #expect(Set(own).count == 1)
    }
  }

  @Test(
    "a patch of one colour has no contribution if it gets its mean, and one with another colour")
  func removed() throws {
    let image = RandomSource(Seed(4)).uniform([1, 1, 4, 4])
    let model = BrightnessModel(inside: Tensor.ones([1, 1, 4, 4]))
    func found(_ removed: String) throws -> Tensor {
      try LocalLinearModel(
        settings([
          "patches": "4", "removed": removed, "scalar": "true-logit", "samples": "300",
        ])
      ).explain(batch(image, of: model)).contributions
    }
    #expect(try found("patch-mean").absolute.max().scalar < 1e-5)
    // The score is the sum of all pixels, so each contributes what it is brighter than the fill.
    let zero = try found("zero")
    #expect(distance(zero, image) < 0.05 * image.max().scalar)
    #expect(distance(try found("mean"), image - image.mean([2, 3], keep: true)) < 0.05)
  }
}

/// A classifier whose first logit is the sum of the values in a part of the picture.
private struct BrightnessModel: Classifier {
  let inside: Tensor
  var inputShape: InputShape {
    InputShape(channels: 1, height: inside.shape[2], width: inside.shape[3])
  }
  let classCount = 2
  let valueRange = 0.0...1.0
  let device = Device.cpu

  func logits(_ images: Tensor) -> Tensor {
    let sum = (images * inside).flattened.sum([1], keep: true)
    return Tensor.concatenate([sum, sum * 0], along: 1)
  }
}
