import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Samples of images")
struct SampleTests {
  /// Images of 1 x 1 pixel, sorted by class, whose value is their index (modulo 256).
  private func sorted(_ sizes: [Int]) throws -> LabelledImages {
    let labels = sizes.enumerated().flatMap { [Int64](repeating: Int64($0), count: $1) }
    return try LabelledImages(
      name: "sorted", shape: InputShape(channels: 1, height: 1, width: 1),
      classNames: sizes.indices.map { "class \($0)" },
      pixels: labels.indices.map { UInt8(truncatingIfNeeded: $0) }, labels: labels)
  }

  @Test("classes of equal size have equally many images in a sample, to within one")
  func balance() throws {
    let data = try sorted([100, 100, 100])
    for wanted in [1, 2, 3, 50, 299, 300] {
      let sizes = try data.sample(wanted, seed: Seed(3)).histogram
      #expect(sizes.reduce(0, +) == wanted && sizes.max()! - sizes.min()! <= 1, "\(sizes)")
    }
  }

  @Test("classes of different sizes keep their shares")
  func shares() throws {
    let data = try sorted([700, 200, 100, 0])
    for seed: UInt64 in 0..<20 {
      let sizes = try data.sample(100, seed: Seed(seed)).histogram
      for (found, share) in zip(sizes, [70, 20, 10, 0]) { #expect(abs(found - share) <= 1) }
    }
  }

  @Test("over many seeds each image is drawn about equally often, also in classes of different sizes")
  func uniformity() throws {
    let data = try sorted([6, 3, 1])
    var drawn = [Int](repeating: 0, count: 10)
    for seed: UInt64 in 0..<3000 {
      for place in try data.samplePlaces(4, seed: Seed(seed)) { drawn[place] += 1 }
    }
    // Each image is in 4 of 10 samples. Five standard deviations of the 3,000 draws are 134.
    for count in drawn { #expect(abs(count - 1200) < 134, "\(drawn)") }
  }

  @Test("the same seed draws the same images, another seed others, and a larger sample more")
  func reproducibility() throws {
    let data = try sorted([40, 40, 40])
    let places = try data.samplePlaces(30, seed: Seed(7))
    #expect(Set(places).count == 30)
    #expect(try data.samplePlaces(30, seed: Seed(7)) == places)
    #expect(try data.samplePlaces(30, seed: Seed(8)) != places)
    #expect(Array(try data.samplePlaces(60, seed: Seed(7)).prefix(30)) == places)
    #expect(try data.samplePlaces(120, seed: Seed(7)).sorted() == Array(0..<120))
    let sample = try data.sample(30, seed: Seed(7))
    #expect(sample.pixels.bytes().map(Int.init) == places)
    #expect(sample.labels.int64s() == places.map { Int64($0 / 40) })
  }

  @Test("a sample of no image or of more images than there are is refused")
  func refusals() throws {
    let data = try sorted([2, 2])
    for wrong in [0, -1, 5] {
      #expect(
        try failure { try data.sample(wrong, seed: Seed(1)) }.message
          == "sorted: expected a sample of 1 to 4 images, found \(wrong)")
    }
  }

  @Test("first images that lack classes are noticed, and those in random order are not")
  func missedClasses() throws {
    let data = try sorted([Int](repeating: 100, count: 10))
    #expect(
      data.classesMissed(inFirst: 300)
        == "sorted: the first 300 of 1000 images show only 3 of 10 classes, so their accuracy "
        + "says little about the others")
    for length in [8, 20, 100, 899] { #expect(data.classesMissed(inFirst: length) != nil) }
    for length in [1, 950, 1000, 2000] { #expect(data.classesMissed(inFirst: length) == nil) }
    for seed: UInt64 in 0..<50 {
      let shuffled = data.choosing(
        RandomSource(Seed(seed)).permutation(1000).int64s().map(Int.init))
      for length in [1, 20, 100, 300] {
        #expect(shuffled.classesMissed(inFirst: length) == nil, "\(seed), \(length)")
      }
    }
    let many = try sorted([Int](repeating: 3, count: 500))
    #expect(many.classesMissed(inFirst: 300)?.contains("100 of 500 classes") == true)
    #expect(try many.sample(300, seed: Seed(1)).classesMissed(inFirst: 200) == nil)
  }
}
