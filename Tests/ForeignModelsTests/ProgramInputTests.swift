import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

/// A program whose logits are the first two numbers of each image.
private struct FirstNumbers: ForeignProgram {
  /// The shape of an image as the program expects it.
  let shape: [Int]

  func run(_ images: Tensor) throws -> Tensor {
    guard Array(images.shape.dropFirst()) == shape else {
      throw Failure.badData("expected \(shape), found \(images.shape)")
    }
    return images.flattened.narrow(1, 0, 2)
  }
}

@Suite("A program gets images as its notes state, and callers keep the data's values")
struct ProgramInputTests {
  private func model(
    _ shape: [Int], _ input: InputShape, in valueRange: ClosedRange<Double> = 0...1,
    notes: String = ""
  ) throws -> ForeignModel {
    try ForeignModel(
      FirstNumbers(shape: shape), input: input, valueRange: valueRange,
      notes: ModelNotes(json: notes), device: .cpu)
  }

  @Test(
    "images are given in the stated layout",
    arguments: [("nhwc", [2, 4, 3]), ("flat", [24]), ("nchw", [3, 2, 4])])
  func layouts(_ layout: String, _ shape: [Int]) throws {
    let input = InputShape(channels: 3, height: 2, width: 4)
    let model = try model(shape, input, notes: #"{"layout": "\#(layout)"}"#)
    #expect(model.logits(Tensor.ones([3, 3, 2, 4])).shape == [3, 2])
  }

  @Test("the rows of a table are given as [N, D]", arguments: ["", #"{"layout": "flat"}"#])
  func rows(_ notes: String) throws {
    let model = try model([4], InputShape(features: 4), notes: notes)
    #expect(model.inputShape.sizes == [4] && model.classCount == 2)
    let rows = Tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [2, 4])
    #expect(model.logits(rows).floats() == [1, 2, 5, 6])
  }

  @Test(
    "an order of channels, or of height and width, is refused for the rows of a table",
    arguments: [#"{"layout": "nhwc"}"#, #"{"channels": "bgr"}"#])
  func rowsAreNoPictures(_ notes: String) throws {
    let failure = #expect(throws: Failure.self) {
      try model([4], InputShape(features: 4), notes: notes)
    }
    #expect(failure?.kind == .badData)
  }

  @Test("a program that does not state its range of values has that of the data")
  func valueRange() throws {
    let input = InputShape(features: 2)
    let model = try model([2], input, in: -3...5)
    #expect(model.valueRange == -3...5 && model.before.layers.isEmpty)
    let values: [Float] = [-3, 5]
    #expect(model.logits(Tensor(values, shape: [1, 2])).floats() == values)
    #expect(try self.model([2], input).valueRange == 0...1)
  }

  @Test("`range` maps the range of the data to that of the model, before the normalisation")
  func range() throws {
    let input = InputShape(features: 2)
    let notes = #"{"range": [0, 255], "normalize": {"mean": [127.5], "std": [51]}}"#
    let model = try model([2], input, in: -1...1, notes: notes)
    #expect(model.valueRange == -1...1)
    // −1, 0 and 1 become 0, 127.5 and 255, and these −2.5, 0 and 2.5.
    let found = model.logits(Tensor([-1, 0, 0, 1] as [Float], shape: [2, 2]))
    #expect(relativeError(found, Tensor([-2.5, 0, 0, 2.5] as [Float], shape: [2, 2])) < 1e-6)
  }

  @Test("a `range` that is the range of the data changes nothing")
  func sameRange() throws {
    let model = try model(
      [2], InputShape(features: 2), in: 0...255, notes: #"{"range": [0, 255]}"#)
    #expect(model.before.layers.isEmpty && model.valueRange == 0...255)
  }

  @Test("normalisation has one number per feature of a row, or one for all")
  func features() throws {
    let row = Tensor([1, 2, 3] as [Float], shape: [1, 3])
    for (mean, std, expected) in [
      ("[1, 1, 3]", "[1, 2, 1]", [0, 0.5] as [Float]), ("[1]", "[2]", [0, 0.5]),
      ("[1, 0, 3]", "[2]", [0, 1]), ("[1]", "[1, 2, 1]", [0, 0.5]),
    ] {
      let notes = #"{"normalize": {"mean": \#(mean), "std": \#(std)}}"#
      let model = try model([3], InputShape(features: 3), notes: notes)
      #expect(model.logits(row).floats() == expected)
    }
    #expect(throws: Failure.self) {
      try model(
        [3], InputShape(features: 3), notes: #"{"normalize": {"mean": [1, 2], "std": [1, 1]}}"#)
    }
  }
}
