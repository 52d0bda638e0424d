import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Labelled images")
struct LabelledImagesTests {
  private static let shape = InputShape(channels: 1, height: 1, width: 2)

  private func make(
    name: String = "toy", shape: InputShape = shape, classes: [String] = ["a", "b", "c"],
    pixels: [UInt8] = [0, 255, 51, 102, 1, 2], labels: [Int64] = [2, 0, 1]
  ) throws -> LabelledImages {
    try LabelledImages(
      name: name, shape: shape, classNames: classes, pixels: pixels, labels: labels)
  }

  @Test("bytes become fractions of 255")
  func scaling() throws {
    let data = try make()
    #expect(data.batch(0..<2).images.floats() == [0, 1, 0.2, 0.4])
    #expect(data.batch(0..<2).images.shape == [2, 1, 1, 2])
    #expect(data.batch(1..<3).labels.int64s() == [0, 1])
  }

  @Test("a batch has the images and labels asked for, in that order")
  func batch() throws {
    let batch = try make().batch(at: Tensor([1, 0, 1] as [Int64], shape: [3]))
    #expect(batch.images.floats() == [0.2, 0.4, 0, 1, 0.2, 0.4])
    #expect(batch.labels.int64s() == [0, 2, 0])
    #expect(batch.places == [1, 0, 1])
  }

  @Test("a subset is what its range says")
  func subsets() throws {
    let data = try make()
    #expect(data.subset(1..<3).labels.int64s() == [0, 1])
    #expect(data.subset(1..<3).batch(0..<1).images.floats() == [0.2, 0.4])
    #expect(data.prefix(2).count == 2)
    #expect(data.prefix(99).count == 3)
    #expect(data.histogram == [1, 1, 1])
  }

  @Test("parts that do not fit each other are refused")
  func refusals() throws {
    #expect(
      try failure { try make(pixels: [], labels: []) }.message
        == "toy: expected at least one image, found none")
    #expect(
      try failure { try make(pixels: [1, 2, 3]) }.message
        == "toy: expected 3 images of 2 bytes, one per label, found 3 bytes")
    for wrong: Int64 in [-1, 3, .max] {
      #expect(
        try failure { try make(labels: [0, wrong, 1]) }
          == .badData("toy: expected labels from 0 to 2, found \(wrong) for image 1"))
    }
  }

  @Test("the fingerprint depends on shape, classes, labels and pixels, and on nothing else")
  func fingerprint() throws {
    let print = try make().fingerprint
    #expect(print == "f1cbc9f2749b2ddba1f5dd2d1945052eaa96b2c9ada6374449d3c9a96a8d2c06")
    #expect(try make(name: "other", classes: ["x", "y", "z"]).fingerprint == print)
    #expect(try make(shape: InputShape(channels: 1, height: 2, width: 1)).fingerprint != print)
    #expect(try make(classes: ["a", "b", "c", "d"]).fingerprint != print)
    #expect(try make(labels: [2, 0, 0]).fingerprint != print)
    #expect(try make(pixels: [0, 255, 51, 102, 1, 3]).fingerprint != print)
    #expect(
      try make().subset(0..<2).fingerprint
        == make(pixels: [0, 255, 51, 102], labels: [2, 0]).fingerprint)
  }
}
