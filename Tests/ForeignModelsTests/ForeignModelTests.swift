import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("A model made elsewhere answers as PyTorch does, whatever file it comes in")
struct ForeignModelTests {
  static let answers = try! SafetensorsFile(Fixture.file("tiny.answers.safetensors"))
  static let images = try! answers.tensor("images")

  /// What the files that are no programs do not say of themselves.
  static var notes: ModelNotes {
    get throws {
      try ModelNotes(
        json: #"""
          {"input": "3x16x16", "classes": 5, "normalize": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]},
           "layers": ["conv 8 kernel 3 padding 1", "batchnorm", "relu",
            "residual [conv 8 kernel 3 stride 2 padding 1 groups 2 bias off] shortcut [conv 8 kernel 1 stride 2]",
            "leakyrelu 0.1", "maxpool 2", "flatten", "linear 16", "relu", "dropout 0.5", "linear 5"]}
          """#)
    }
  }

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
    "logits and input gradients of files that describe themselves",
    arguments: ["tiny.pt", "tiny.onnx", "tiny.dynamo.onnx", "tiny.plain.safetensors"])
  func described(_ name: String) throws {
    let model = try LoadedModel(Fixture.file(name))
    try expectAnswers(model, name)
    #expect(model.classNames == ["a", "b", "c", "d", "e"])
  }

  @Test(
    "…and of state dictionaries: plain, and with strides and offsets",
    arguments: ["tiny.pth", "tiny.strided.pth"])
  func stateDictionaries(_ name: String) throws {
    try expectAnswers(try LoadedModel(Fixture.file(name), notes: Self.notes), name)
  }

  @Test("a program for one image at a time takes images one by one")
  func single() throws {
    let model = try LoadedModel(Fixture.file("tiny.single.onnx"), notes: Self.notes)
    try expectAnswers(model, "tiny.single.onnx")
  }

  @Test("what is said of a model goes before what its file says, and budgets stay in [0, 1]")
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

  @Test("a program that takes its images in another layout gets them so")
  func layouts() throws {
    struct Probe: ForeignProgram {
      let shape: [Int]
      func run(_ images: Tensor) throws -> Tensor {
        guard Array(images.shape.dropFirst()) == shape else {
          throw Failure.badData("\(images.shape)")
        }
        return images.flattened.narrow(1, 0, 2)
      }
    }
    let input = InputShape(channels: 3, height: 2, width: 4)
    for (layout, shape) in [("nhwc", [2, 4, 3]), ("flat", [24]), ("nchw", [3, 2, 4])] {
      let notes = try ModelNotes(json: #"{"layout": "\#(layout)"}"#)
      let model = try ForeignModel(Probe(shape: shape), input: input, notes: notes, device: .cpu)
      #expect(model.logits(Tensor.ones([3, 3, 2, 4])).shape == [3, 2])
    }
  }

  @Test("layers before a model change what it sees, and its fingerprint")
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

  @Test("images a program does not take are refused with what it said")
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
