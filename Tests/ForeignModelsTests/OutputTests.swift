import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("The logits are chosen among the outputs of a program, and never guessed")
struct OutputTests {
  private static let input = InputShape(channels: 1, height: 4, width: 4)

  private static var answers: SafetensorsFile {
    get throws { try SafetensorsFile(Fixture.file("Programs/answers.safetensors")) }
  }

  private func load(_ name: String, output: String? = nil, binary: Bool? = nil) throws
    -> LoadedModel
  {
    var notes = ModelNotes()
    (notes.input, notes.output, notes.binary) = (Self.input, output, binary)
    return try LoadedModel(Fixture.file("Programs/\(name)"), notes: notes)
  }

  @Test(
    "an output is chosen by its name or its place",
    arguments: [
      ("outputs.pair.pt", "2"), ("outputs.named.pt", "logits"), ("outputs.named.pt", "1"),
      ("outputs.keys.pt", "logits"), ("outputs.keys.pt", "1"), ("outputs.single.pt", "1"),
      ("outputs.nested.pt", "0.1"), ("outputs.onnx", "logits"), ("outputs.onnx", "1"),
    ])
  func chosen(_ name: String, _ output: String) throws {
    let model = try load(name, output: output)
    let images = try Self.answers.tensor("images")
    let expected = try Self.answers.tensor("logits")
    #expect(relativeError(model.classifier.logits(images), expected) < 1e-5)
    #expect(model.classifier.inputGradient(at: images) { $0.sum() }.absolute.max().scalar > 0)
  }

  @Test(
    "without a choice the message lists the outputs with their shapes",
    arguments: [
      (
        "outputs.pair.pt",
        "0 of shape [2, 16], 2 of shape [2, 3]; choose the logits, like :output=0"
      ),
      ("outputs.named.pt", "'features' (0) of shape [2, 16], 'logits' (1) of shape [2, 3]"),
      ("outputs.keys.pt", "'features' (0) of shape [2, 16], 'logits' (1) of shape [2, 3]"),
      ("outputs.single.pt", "Tuple with 1 of shape [2, 3]"),
      ("outputs.onnx", "'features' (0) of shape [?, 16], 'logits' (1) of shape [?, 3]"),
    ])
  func listed(_ name: String, _ words: String) {
    let failure = #expect(throws: Failure.self) { try load(name) }
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
    let wrong = #expect(throws: Failure.self) { try load(name, output: "logit") }
    #expect(wrong?.message.contains("'logit'; there are ") == true, "\(wrong?.message ?? "")")
  }

  @Test("a choice is refused where there is nothing to choose")
  func nothing() {
    let one = #expect(throws: Failure.self) { try load("plain.pt", output: "0") }
    #expect(one?.message.contains("leave output out") == true, "\(one?.message ?? "")")
    let weights = #expect(throws: Failure.self) { try load("binary.pth", output: "0") }
    #expect(weights?.message.contains("is for torch.export, TorchScript and ONNX files") == true)
  }

  @Test(
    "one number z for each image becomes the logits 0 and z, if the user says so",
    arguments: ["binary.pt", "binary.flat.pt", "binary.onnx"])
  func binary(_ name: String) throws {
    let model = try load(name, binary: true)
    let images = try Self.answers.tensor("images")
    let z = try Self.answers.tensor("binary").floats()
    let logits = model.classifier.logits(images)
    #expect(logits.shape == [5, 2] && model.classifier.classCount == 2)
    #expect(logits.select(1, 0).floats() == [0, 0, 0, 0, 0])
    #expect(zip(logits.select(1, 1).floats(), z).allSatisfy { abs($0 - $1) < 1e-5 })
    let failure = #expect(throws: Failure.self) { try load(name) }
    #expect(failure?.hint?.contains("add :binary after the file") == true)
  }

  @Test("a binary classifier of weights has zeros for the class 0")
  func binaryWeights() throws {
    let notes = try ModelNotes(
      json: #"""
        {"layers": ["conv 4 kernel 3 padding 1", "relu", "maxpool 2", "flatten", "linear 2"],
         "input": "1x4x4", "binary": true}
        """#)
    var tensors = try StateDictionary(saved: Fixture.file("Programs/binary.pth")).tensors
    for (theirs, ours) in [("conv", "0"), ("fc", "4")] {
      for part in ["weight", "bias"] {
        tensors["\(ours).\(part)"] = tensors.removeValue(forKey: "\(theirs).\(part)")
      }
    }
    let network = try StateDictionary(tensors).network(notes, for: nil, device: .cpu)
    let logits = network.logits(try Self.answers.tensor("images")).detached
    #expect(logits.select(1, 0).floats() == [0, 0, 0, 0, 0])
    let z = try Self.answers.tensor("binary").reshaped([5])
    #expect(relativeError(logits.select(1, 1), z) < 1e-5)
  }

  @Test("a model with several logits is not binary")
  func notBinary() {
    let failure = #expect(throws: Failure.self) { try load("plain.pt", binary: true) }
    #expect(failure?.message.contains("it gives 3 logits") == true)
  }

  @Test(
    "a program whose gradients fail gives logits, zero gradients, and a reason",
    arguments: ["nobackward.pt", "noforward.pt"])
  func withoutDerivative(_ name: String) throws {
    let model = try load(name)
    let images = try Self.answers.tensor("images")
    let found = model.classifier.lossAndGradient(at: images) { $0.sum([1]) }
    #expect(relativeError(found.logits, try Self.answers.tensor("logits")) < 1e-3)
    #expect(found.gradient.absolute.max().scalar == 0)
    #expect(model.notices.first?.contains("no gradients go through the model: ") == true)
    #expect(model.notices.first?.contains("'square'") == true)
  }

  @Test(
    "a program with a zero gradient, or none, gives logits and zero gradients",
    arguments: ["rounded.pt", "detached.pt", "quantised.pt"])
  func flat(_ name: String) throws {
    let model = try load(name).classifier
    let images = try Self.answers.tensor("images")
    let found = model.lossAndGradient(at: images) { $0.sum([1]) }
    #expect(found.gradient.absolute.max().scalar == 0)
    #expect(found.logits.isFinite.all().isTrue)
  }

  @Test(
    "a program in half precision computes what its widened weights give",
    arguments: ["half.traced", "half.scripted"])
  func half(_ name: String) throws {
    let model = try load("\(name).pt")
    let images = try Self.answers.tensor("images")
    let logits = model.classifier.logits(images)
    #expect(relativeError(logits, try Self.answers.tensor(name)) < 1e-3)
    let gradient = model.classifier.inputGradient(at: images) { $0.select(1, 1).sum() }
    #expect(relativeError(gradient, try Self.answers.tensor("\(name).gradient")) < 1e-3)
    #expect(model.notices.isEmpty)
  }
}
