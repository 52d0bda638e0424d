import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("A model from elsewhere answers as in PyTorch, whatever kind of file it is in")
struct ForeignModelTests {
  static let answers = try! SafetensorsFile(Fixture.file("tiny.answers.safetensors"))
  static let images = try! answers.tensor("images")

  /// What has to be said about the files that contain only weights.
  static var notes: ModelNotes {
    get throws {
      try ModelNotes(
        json: #"""
          {"input": "3x16x16", "classes": 5,
           "normalize": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]},
           "layers": [
             "conv 8 kernel 3 padding 1", "batchnorm", "relu", "residual \#(residual)",
             "leakyrelu 0.1", "maxpool 2", "flatten", "linear 16", "relu", "dropout 0.5",
             "linear 5"]}
          """#)
    }
  }

  private static let residual =
    "[conv 8 kernel 3 stride 2 padding 1 groups 2 bias off] shortcut [conv 8 kernel 1 stride 2]"

  private func expectAnswers(_ model: LoadedModel, _ name: String) throws {
    let logits = model.classifier.logits(Self.images).detached
    #expect(relativeError(logits, try Self.answers.tensor("logits")) < 1e-5, "\(name)")
    let labels = try Self.answers.tensor("labels")
    let gradient = model.classifier.inputGradient(at: Self.images) { $0.crossEntropy(labels).sum() }
    #expect(relativeError(gradient, try Self.answers.tensor("inputGradient")) < 1e-4, "\(name)")
    #expect(model.classifier.inputShape == InputShape(channels: 3, height: 16, width: 16))
    #expect(model.classifier.classCount == 5 && model.classifier.valueRange == 0...1)
  }

  @Test(
    "files that contain notes give PyTorch's logits and input gradients",
    arguments: ["tiny.pt", "tiny.onnx", "tiny.dynamo.onnx", "tiny.plain.safetensors"])
  func described(_ name: String) throws {
    let model = try LoadedModel(Fixture.file(name))
    try expectAnswers(model, name)
    #expect(model.classNames == ["a", "b", "c", "d", "e"])
  }

  @Test(
    "state dictionaries give them too, also if tensors have strides and offsets",
    arguments: ["tiny.pth", "tiny.strided.pth"])
  func stateDictionaries(_ name: String) throws {
    try expectAnswers(try LoadedModel(Fixture.file(name), notes: Self.notes), name)
  }

  @Test("a program for a batch of one image is called for one image after another")
  func single() throws {
    let model = try LoadedModel(Fixture.file("tiny.single.onnx"), notes: Self.notes)
    try expectAnswers(model, "tiny.single.onnx")
  }

  @Test("the user's notes take precedence over those in the file, and budgets stay in [0, 1]")
  func notesGoFirst() throws {
    let plain = try LoadedModel(Fixture.file("tiny.pt")).classifier
    var notes = ModelNotes()
    notes.range = 0...2
    // ((2x) − mean) / std
    let scaled = try LoadedModel(Fixture.file("tiny.pt"), notes: notes).classifier
    #expect(relativeError(scaled.logits(Self.images * 0.5), plain.logits(Self.images)) < 1e-5)
    notes = ModelNotes()
    notes.channels = .bgr
    let turned = try LoadedModel(Fixture.file("tiny.pt"), notes: notes).classifier
    #expect(
      relativeError(turned.logits(Self.images.flipped([1])), plain.logits(Self.images)) < 1e-5)
    #expect(turned.valueRange == 0...1)
  }

  @Test("layers put before a model change its input and its fingerprint")
  func transformed() throws {
    let model = try LoadedModel(Fixture.file("tiny.pt"))
    let other = try model.preceded(by: LayerList(["bgr"]))
    #expect(other.fingerprint != model.fingerprint)
    #expect(
      relativeError(
        other.classifier.logits(Self.images.flipped([1])), model.classifier.logits(Self.images))
        < 1e-5)
    #expect(throws: Failure.self) {
      try model.preceded(by: LayerList(["conv 3 kernel 3 padding 1"]))
    }
    #expect(throws: Failure.self) { try model.preceded(by: LayerList(["maxpool 2"])) }
  }

  @Test("a shape that a program cannot take is refused with the program's reason")
  func wrongShape() throws {
    var notes = ModelNotes()
    notes.input = InputShape(channels: 3, height: 20, width: 20)
    for name in ["tiny.pt", "tiny.onnx"] {
      let failure = #expect(throws: Failure.self) {
        try LoadedModel(Fixture.file(name), notes: notes)
      }
      #expect(
        failure?.kind == .badData && failure?.message.contains("\n") == false,
        "\(failure?.message ?? "")")
      #expect(failure?.message.contains("\(name): ") == true)
    }
  }
}
