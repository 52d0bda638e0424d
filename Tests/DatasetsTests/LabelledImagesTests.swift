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

  @Test("bytes become numbers from 0 to 1")
  func scaling() throws {
    let data = try make()
    #expect(data.batch(0..<2).images.floats() == [0, 1, 0.2, 0.4])
    #expect(data.batch(0..<2).images.shape == [2, 1, 1, 2])
    #expect(data.batch(1..<3).labels.int64s() == [0, 1])
  }

  @Test("a batch has the requested images, labels and places in the requested order")
  func batch() throws {
    let batch = try make().batch(at: Tensor([1, 0, 1] as [Int64], shape: [3]))
    #expect(batch.images.floats() == [0.2, 0.4, 0, 1, 0.2, 0.4])
    #expect(batch.labels.int64s() == [0, 2, 0])
    #expect(batch.places == [1, 0, 1])
  }

  @Test("a subset has the images and labels of its range")
  func subsets() throws {
    let data = try make()
    #expect(data.subset(1..<3).labels.int64s() == [0, 1])
    #expect(data.subset(1..<3).batch(0..<1).images.floats() == [0.2, 0.4])
    #expect(data.prefix(2).count == 2)
    #expect(data.prefix(99).count == 3)
    #expect(data.histogram == [1, 1, 1])
  }

  @Test("pixels and labels that do not fit each other are refused")
  func refusals() throws {
    #expect(
      try failure { try make(pixels: [], labels: []) }.message
        == "toy: expected at least one image, found none")
    #expect(
      try failure { try make(pixels: [1, 2, 3]) }.message
        == "toy: expected 3 images of 2 bytes, one for each label, found 3 bytes")
    for wrong: Int64 in [-1, 3, .max] {
      #expect(
        try failure { try make(labels: [0, wrong, 1]) }
          == .badData("toy: expected labels from 0 to 2, found \(wrong) for image 1"))
    }
  }

  @Test("the fingerprint depends on shape, number of classes, labels and pixels, not on names")
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

  /// Ten examples. Number i has the value, the label, the group and the mask that `check` expects.
  private func annotated(valueRange: ClosedRange<Double> = 0...1) throws -> LabelledImages {
    let values = Tensor((0..<10).map { Float($0) / 10 }, shape: [10, 1, 1, 1])
    return try LabelledImages(
      name: "toy", classNames: (0..<10).map(String.init), pixels: values,
      labels: (0..<10).map(Int64.init), groups: (0..<10).map { 100 + Int64($0) }, masks: values,
      valueRange: valueRange)
  }

  /// Checks that a batch has the examples with the given numbers.
  private func check(_ batch: Batch, _ numbers: [Int64]) {
    #expect(batch.images.floats() == numbers.map { Float($0) / 10 })
    #expect(batch.labels.int64s() == numbers)
    #expect(batch.annotations.groups?.int64s() == numbers.map { 100 + $0 })
    #expect(batch.annotations.masks?.floats() == numbers.map { Float($0) / 10 })
    #expect(batch.annotations.masks?.shape == [numbers.count, 1, 1, 1])
  }

  @Test("labels, groups and masks stay with their images in batches, subsets and held-out images")
  func annotations() throws {
    let data = try annotated()
    check(data.batch(2..<5), [2, 3, 4])
    check(data.batch(at: Tensor([7, 0, 7] as [Int64], shape: [3])), [7, 0, 7])
    check(data.subset(3..<9).batch(1..<3), [4, 5])
    check(data.prefix(2).batch(0..<2), [0, 1])
    let parts = try data.holdingOut(4, seed: Seed(5))
    let (rest, heldOut) = (parts.rest.labels.int64s(), parts.heldOut.labels.int64s())
    #expect((rest + heldOut).sorted() == (0..<10).map(Int64.init))
    check(parts.rest.batch(0..<6), rest)
    check(parts.heldOut.batch(0..<4), heldOut)
    check(parts.heldOut.subset(1..<3).batch(at: Tensor([1] as [Int64], shape: [1])), [heldOut[2]])
  }

  @Test("the fingerprint depends on groups, masks and the value range")
  func annotatedFingerprint() throws {
    let data = try annotated()
    let (labels, groups) = (data.labels.int64s(), data.annotations.groups?.int64s())
    func print(_ groups: [Int64]?, _ masks: Tensor?) throws -> String {
      try LabelledImages(
        name: "x", classNames: data.classNames, pixels: data.pixels, labels: labels, groups: groups,
        masks: masks
      ).fingerprint
    }
    let prints = [
      data.fingerprint, try print(nil, nil), try print(groups, nil),
      try print(nil, data.annotations.masks), try print(groups.map { $0.reversed() }, nil),
      try print(nil, data.annotations.masks.map { 1 - $0 }),
      try annotated(valueRange: 0...2).fingerprint,
    ]
    #expect(Set(prints).count == prints.count)
    #expect(try print(groups, data.annotations.masks) == data.fingerprint)
    #expect(try annotated().subset(0..<10).fingerprint == data.fingerprint)
  }

  @Test("a table has rows of features, and bytes are shares of its value range")
  func table() throws {
    let data = try LabelledImages(
      name: "table", classNames: ["a", "b"],
      pixels: Tensor([0, 255, 51, 255, 0, 204] as [UInt8], shape: [2, 3]), labels: [0, 1],
      valueRange: 0.1...0.7)
    #expect(data.shape == InputShape(features: 3))
    let values = data.batch(0..<2).images
    #expect(values.shape == [2, 3])
    let found = values.floats()
    #expect([found[0], found[4]] == [0.1, 0.1] && [found[1], found[3]] == [0.7, 0.7])
    #expect(abs(found[2] - 0.22) < 1e-6 && abs(found[5] - 0.58) < 1e-6)
  }

  @Test("a wrong number of labels, groups or masks is refused")
  func annotationCounts() throws {
    func refusal(_ labels: [Int64], _ groups: [Int64]?, _ masks: Tensor?) throws -> String {
      try failure {
        try LabelledImages(
          name: "toy", classNames: ["a"], pixels: Tensor.zeros([2, 1, 1, 1]), labels: labels,
          groups: groups, masks: masks)
      }.message
    }
    #expect(try refusal([0], nil, nil) == "toy: expected 2 labels, one for each image, found 1")
    #expect(
      try refusal([0, 0], [1, 2, 3], nil) == "toy: expected 2 groups, one for each image, found 3")
    #expect(
      try refusal([0, 0], nil, .zeros([1, 1, 1, 1]))
        == "toy: expected 2 masks, one for each image, found 1")
    #expect(
      try refusal([0, 0], nil, .zeros([2, 1, 2, 1]))
        == "toy: expected masks in the images' shape [2, 1, 1, 1], found [2, 1, 2, 1]")
  }
}
