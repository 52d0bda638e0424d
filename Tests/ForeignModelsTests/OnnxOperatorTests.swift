import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("ONNX operators give the same output as the reference implementation")
struct OnnxOperatorTests {
  /// Small models of one operator each, with the outputs of onnx's reference implementation, and
  /// with those of ONNX Runtime.
  static let files = ["onnx-operators", "onnx-cases"].map {
    try! SafetensorsFile(Fixture.file("\($0).safetensors"))
  }
  static let names = files.flatMap(\.names).filter { $0.hasSuffix(".model") }.map {
    String($0.dropLast(6))
  }
  .sorted()

  static func tensor(_ name: String) throws -> Tensor {
    try files[files[0].contains(name) ? 0 : 1].tensor(name)
  }

  @Test("outputs agree, and gradients reach the input", arguments: names)
  func outputs(_ name: String) throws {
    let folder = TemporaryFolder()
    let place = folder.appending("case.onnx")
    try Data(Self.tensor("\(name).model").bytes()).write(to: place)
    let program = try OnnxProgram(try OnnxFile(place), device: .cpu)
    let input = try Self.tensor("\(name).input")
    let expected = try Self.tensor("\(name).output")
    let output = try program.run(input)
    #expect(output.shape == expected.shape)
    guard output.shape == expected.shape else { return }
    #expect(relativeError(output, expected) < 1e-5)
    let variable = input.tracked
    let gradient = try program.run(variable).sum().gradient(of: variable)
    // The rows of a softmax sum to one for every input, so its gradient is zero.
    #expect(gradient.absolute.max().scalar > 1e-9 || name.hasPrefix("Softmax"))
    #expect(gradient.isFinite.all().isTrue)
  }

  @Test("every supported operator has a case")
  func complete() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("case.onnx")
    var seen: Set<String> = []
    for name in Self.names {
      try Data(Self.tensor("\(name).model").bytes()).write(to: place)
      seen.formUnion(try OnnxFile(place).nodes.map(\.operation))
    }
    #expect(Set(OnnxOperators.all.keys).subtracting(seen) == [])
  }

  @Test("operators that are not supported are named, and the hint says what has no such limit")
  func unsupported() {
    let failure = #expect(throws: Failure.self) {
      try LoadedModel(Fixture.file("unsupported.onnx"))
    }
    #expect(
      failure?.message.hasSuffix(
        "unsupported.onnx: operators that are not supported: Hardmax "
          + "(the first is node 'the-node' (Hardmax))") == true)
    #expect(failure?.hint?.hasPrefix("save the model as TorchScript") == true)
  }

  @Test("all operators that are not supported are named at once, each once")
  func allUnsupported() throws {
    var bytes = try Data(contentsOf: Fixture.file("tiny.onnx"))
    for (old, new) in [("Relu", "Rela"), ("Gemm", "Gemn")] {
      while let place = bytes.firstRange(of: Data("\u{22}\u{4}\(old)".utf8)) {
        bytes.replaceSubrange(place, with: Data("\u{22}\u{4}\(new)".utf8))
      }
    }
    let place = TemporaryFolder()
    try bytes.write(to: place.appending("other.onnx"))
    let failure = #expect(throws: Failure.self) {
      try LoadedModel(place.appending("other.onnx"))
    }
    #expect(
      failure?.message.contains("operators that are not supported: Gemn, Rela (") == true,
      "\(failure?.message ?? "")")
  }

  @Test("a graph in training mode, and one whose numbers are missing, are refused")
  func refused() {
    var notes = ModelNotes()
    notes.input = InputShape(channels: 1, height: 1, width: 5)
    notes.layout = .flat
    let training = #expect(throws: Failure.self) {
      try LoadedModel(Fixture.file("training.onnx"), notes: notes)
    }
    #expect(
      training?.message.contains("node 'the-node' (Dropout) is in training mode") == true)
    let external = #expect(throws: Failure.self) { try LoadedModel(Fixture.file("external.onnx")) }
    #expect(external?.kind == .missing)
    #expect(external?.message.contains("has its numbers in 'external.bin'") == true)
  }

  @Test("a graph with an input [N, D] takes the rows of a table")
  func rows() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("rows.onnx")
    try Data(Self.tensor("gemm.model").bytes()).write(to: place)
    let model = try LoadedModel(place)
    #expect(model.classifier.inputShape == InputShape(features: 5))
    let rows = try Self.tensor("gemm.input")
    let expected = try Self.tensor("gemm.output")
    #expect(relativeError(model.classifier.logits(rows), expected) < 1e-5)
    // With the layout `flat` it takes images, whose shape the data tell.
    var notes = ModelNotes()
    notes.layout = .flat
    let shape = InputShape(channels: 1, height: 1, width: 5)
    let images = LoadedModel.Images(shape: shape, classNames: ["a", "b", "c", "d"])
    let flat = try LoadedModel(place, notes: notes, for: images).classifier
    #expect(flat.inputShape == shape)
    #expect(relativeError(flat.logits(rows.reshaped([3, 1, 1, 5])), expected) < 1e-5)
  }
}
