import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Seven-segment digits")
struct SevenSegmentDigitsTests {
  @Test("the same seed draws the same images, and another seed draws other images")
  func seeds() throws {
    let first = try SevenSegmentDigits(seed: Seed(7)).images(.train, count: 50)
    #expect(
      try SevenSegmentDigits(seed: Seed(7)).images(.train, count: 50).fingerprint
        == first.fingerprint)
    #expect(
      try SevenSegmentDigits(seed: Seed(8)).images(.train, count: 50).fingerprint
        != first.fingerprint)
    #expect(
      try SevenSegmentDigits(seed: Seed(7)).images(.test, count: 50).fingerprint
        != first.fingerprint)
  }

  @Test("the images of the default seed are the same in every version")
  func pinned() throws {
    let fingerprint = try SevenSegmentDigits().images(.test, count: 100).fingerprint
    #expect(fingerprint == "8cc762b87b062d539495c3bc5d7a540e86192a5440a1970a9868860d63ba04bb")
  }

  @Test("a smaller number of images are the first ones of a larger number")
  func prefix() throws {
    let digits = SevenSegmentDigits()
    #expect(
      try digits.images(.test, count: 40).prefix(15).fingerprint
        == digits.images(.test, count: 15).fingerprint)
  }

  @Test(
    "every digit fits into the picture and is brighter than the noise",
    arguments: [14, 15, 20, 28, 33, 64])
  func sizes(size: Int) throws {
    let digits = SevenSegmentDigits(size: size)
    let data = try digits.images(.train, count: 200)
    #expect(data.shape == InputShape(channels: 1, height: size, width: size))
    #expect(data.histogram == [Int](repeating: 20, count: 10))
    let pixels = data.pixels.bytes()
    for index in 0..<data.count {
      let bright = pixels[index * size * size..<(index + 1) * size * size].count { $0 >= 96 }
      #expect(bright > 0 && bright < size * size / 2)
    }
  }

  @Test(
    "a classifier by the nearest class mean is right for more than a quarter of the test images")
  func learnable() throws {
    // Chance is a tenth.
    let (train, test) = (
      try SevenSegmentDigits().images(.train), try SevenSegmentDigits().images(.test)
    )
    let (pixels, probe) = (train.pixels.bytes(), test.pixels.bytes())
    var means = [[Double]](repeating: [Double](repeating: 0, count: 784), count: 10)
    for index in 0..<train.count {
      for place in 0..<784 {
        means[index % 10][place] += Double(pixels[784 * index + place]) / Double(train.count / 10)
      }
    }
    let right = (0..<test.count).count { index in
      let distances = means.map { mean in
        (0..<784).reduce(0.0) { sum, place in
          let difference = mean[place] - Double(probe[784 * index + place])
          return sum + difference * difference
        }
      }
      return distances.firstIndex(of: distances.min()!) == index % 10
    }
    #expect(right > test.count / 4)
  }
}
