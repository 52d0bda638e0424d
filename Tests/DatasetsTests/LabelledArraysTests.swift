import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Arrays of images and labels")
struct LabelledArraysTests {
  private let folder = TemporaryFolder()
  private let two = Tensor([0, 1] as [Int64], shape: [2])
  /// Two grey images of 4 x 4 pixels.
  private let images = Tensor.zeros([2, 1, 4, 4], type: .uint8)

  private func load(_ images: Tensor, _ labels: Tensor, _ options: String = "") throws
    -> LabelledImages
  {
    let path = try WrittenFormat.safetensors.write(
      [("images", images), ("labels", labels)], to: folder)
    return try DataReference(path + options).load(defaultSplit: .test)
  }

  private func refusal(_ images: Tensor, _ labels: Tensor, _ options: String = "") throws -> Failure
  {
    try failure { try load(images, labels, options) }
  }

  @Test("labels that do not fit the images are refused, with the array and what was expected")
  func labels() throws {
    #expect(
      try refusal(images, Tensor([0, 1, 1] as [Int64], shape: [3])).message.hasSuffix(
        "x.safetensors, labels: expected 2 numbers, one for each example, found 3"))
    #expect(
      try refusal(images, Tensor([0, -1] as [Int64], shape: [2])).message.hasSuffix(
        "labels: expected numbers from 0 to 0, found -1 for example 1"))
    #expect(
      try refusal(images, Tensor([0, 1] as [Float], shape: [2])).message.hasSuffix(
        "labels: expected whole numbers [N], found float32 [2]"))
    #expect(
      try refusal(images, Tensor([0, .max] as [Int64], shape: [2])).message.contains(
        "expected labels below 65536"))
    #expect(
      try refusal(images, two, ":classes=1").message.hasSuffix(
        "labels: expected numbers from 0 to 0, found 1 for example 1"))
    #expect(try load(images, two, ":classes=7").classCount == 7)
  }

  @Test("arrays that are not images are refused with what to do")
  func meanings() throws {
    let none = Tensor.zeros([0, 1, 4, 4], type: .uint8)
    #expect(
      try refusal(none, Tensor.zeros([0], type: .int64)).message.hasSuffix(
        "images: expected at least one example, found none"))
    #expect(
      try refusal(Tensor.zeros([2, 1, 1, 4, 4]), two).message.contains(
        "or rows [N, D], with sizes from 1 to 65536, found [2, 1, 1, 4, 4]"))
    #expect(try refusal(images, two, ":resize=3").message.contains("has no 'resize'"))
  }

  @Test("an order of dimensions that is not clear is refused, and one that is stated is used")
  func layout() throws {
    let unclear = Tensor.zeros([2, 3, 5, 3], type: .uint8)
    #expect(try refusal(unclear, two).hint == "say which with :layout=nchw or :layout=nhwc")
    let one = Tensor([0] as [Int64], shape: [1])
    let images = Tensor([UInt8](0..<18), shape: [1, 3, 2, 3])
    #expect(try load(images, one, ":layout=nchw").shape.sizes == [3, 2, 3])
    let last = try load(images, one, ":layout=nhwc")
    #expect(last.shape.sizes == [3, 3, 2])
    #expect(last.pixels.bytes().prefix(6) == [0, 3, 6, 9, 12, 15])
  }

  @Test("float values outside of 0 to 1 are refused unless a range that holds them is stated")
  func range() throws {
    func pixels(_ values: [Float]) -> Tensor { Tensor(values, shape: [2, 1, 1, 2]) }
    let bytes = pixels([0, 100, 200, 255])
    let refused = try refusal(bytes, two)
    #expect(
      refused.message.hasSuffix(
        "images: expected values from 0 to 1, found values from 0.0 to 255.0"))
    #expect(
      refused.hint == "divide them by 255, save them as uint8, or state their range with "
        + ":range=LOW..HIGH, here :range=0..255")
    let normalised = pixels([-1, 0, 0.5, 2])
    let data = try load(bytes, two, ":range=0..255")
    #expect(data.valueRange == 0...255 && data.batch(0..<2).images.floats() == [0, 100, 200, 255])
    #expect(try load(normalised, two, ":range=-1.5..2").valueRange == -1.5...2)
    #expect(
      try refusal(normalised, two, ":range=-0.5..2").message.hasSuffix(
        "expected values from -0.5 to 2, found values from -1.0 to 2.0"))
    // As a 32-bit number, 0.1 is larger than as a 64-bit number.
    #expect(try load(pixels([0, 0, 0, 0.1]), two, ":range=0..0.1").count == 2)
    for options in ["", ":range=-9..9"] {
      #expect(
        try refusal(pixels([0, .nan, 0.5, 1]), two, options).message.hasSuffix(
          "found values that are not a number (NaN), first in example 0 (counted from 0)"))
    }
    #expect(
      try refusal(pixels([0, .infinity, 0.5, 1]), two, ":range=-9..9").message.hasSuffix(
        "found values from 0.0 to inf"))
  }

  @Test("bytes are shares of the stated range: 0 is its lower bound, 255 its upper bound")
  func byteRange() throws {
    let bytes = Tensor([0, 255, 51, 204] as [UInt8], shape: [2, 1, 1, 2])
    let found = try load(bytes, two, ":range=-1..1").batch(0..<2).images.floats()
    #expect(Array(found.prefix(2)) == [-1, 1])
    #expect(abs(found[2] + 0.6) < 1e-6 && abs(found[3] - 0.6) < 1e-6)
  }

  @Test(
    "a range other than two finite numbers in order is refused",
    arguments: [
      "0...255", "1..0", "0..0", "0..inf", "nan..1", "a..b", "5", "0..", "..1", "0..1..2",
      "-1e39..1", "0..1e-50",
    ])
  func rangeText(text: String) throws {
    let refusal = try refusal(images, two, ":range=\(text)")
    #expect(
      refusal.message.contains("range: expected LOW..HIGH, two finite numbers and the smaller one"))
    #expect(refusal.message.hasSuffix("found '\(text)'"))
  }

  @Test("pictures, IDX, CIFAR and SVHN have no range, nor has a data set that is computed")
  func pictureRange() throws {
    try folder.write(try flatPNG(1), to: "pictures/a/1.png")
    try folder.write(idxImages(count: 2), to: "idx/t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 1]), to: "idx/t10k-labels-idx1-ubyte")
    try folder.write([UInt8](repeating: 0, count: 3073), to: "cifar/test_batch.bin")
    let svhn = ArrayFixture.url("plain.mat").path
    let paths = ["pictures", "idx", "cifar"].map { folder.url.appending(path: $0).path }
    for path in paths + [svhn, "toy-colors"] {
      let refusal = try failure {
        try DataReference(path + ":range=0..255").load(defaultSplit: .test)
      }
      #expect(refusal.message.contains("has no 'range'"), "\(refusal)")
    }
  }

  @Test("an array [N, D] is a table of D features", arguments: WrittenFormat.allCases)
  func table(format: WrittenFormat) throws {
    let rows = Tensor([0, 0.25, 1, 0.5, 0.75, 0] as [Float], shape: [2, 3])
    let path = try format.write([("x", rows), ("y", two)], to: folder)
    let data = try DataReference(path).load(defaultSplit: .test)
    #expect(data.shape == InputShape(features: 3))
    #expect(data.batch(0..<2).images.floats() == rows.floats())
    #expect(data.pixels.type == .float32)
    let bytes = try load((rows * 255).to(.uint8), two)
    #expect(bytes.shape == InputShape(features: 3) && bytes.pixels.type == .uint8)
    #expect(bytes.batch(0..<1).images.shape == [1, 3])
  }
}
