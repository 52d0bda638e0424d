import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("A program never changes the images that it is given")
struct InPlaceProgramTests {
  private static let shape = InputShape(channels: 1, height: 8, width: 8)

  private func model(_ name: String) throws -> any Classifier {
    var notes = ModelNotes()
    notes.input = Self.shape
    return try LoadedModel(Fixture.file(name), notes: notes).classifier
  }

  /// Images in row-major and in channels-last order, and a view of larger images.
  private var batches: [Tensor] {
    let images = RandomSource(Seed(1)).uniform([3] + Self.shape.sizes)
    let larger = RandomSource(Seed(2)).uniform([3, 1, 8, 10])
    return [images, images.channelsLast, larger.narrow(3, 1, 8)]
  }

  @Test("a program that writes into its input answers like the same network written without that")
  func sameAnswers() throws {
    let (inPlace, plain) = (try model("inplace.pt"), try model("inplace.plain.pt"))
    let labels = Tensor(labels: [0, 1, 2])
    for images in batches {
      let before = images.rawBytes()
      let found = inPlace.lossAndGradient(at: images) { $0.crossEntropy(labels) }
      let expected = plain.lossAndGradient(at: images) { $0.crossEntropy(labels) }
      #expect(found.logits.floats() == expected.logits.floats())
      #expect(found.gradient.floats() == expected.gradient.floats())
      #expect(found.gradient.absolute.max().scalar > 0)
      #expect(inPlace.predictions(images).int64s() == plain.predictions(images).int64s())
      #expect(images.rawBytes() == before)
    }
  }

  @Test(
    "every kind of program leaves the images as they are, with and without gradients",
    arguments: ["tiny.pt", "tiny.onnx", "tiny.dynamo.onnx", "tiny.single.onnx"])
  func imagesStay(_ name: String) throws {
    let model = try LoadedModel(Fixture.file(name), notes: ForeignModelTests.notes).classifier
    let images = ForeignModelTests.images.copy()
    let before = images.rawBytes()
    _ = withoutGradients { model.logits(images) }
    _ = model.inputGradient(at: images) { $0.sum() }
    #expect(images.rawBytes() == before)
  }
}
