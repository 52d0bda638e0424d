import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("ONNX operators give the same output as the reference implementation")
struct OnnxOperatorTests {
  static let cases = try! SafetensorsFile(Fixture.file("onnx-operators.safetensors"))
  static let names = cases.names.filter { $0.hasSuffix(".model") }.map { String($0.dropLast(6)) }
    .sorted()

  @Test("outputs agree, and gradients reach the input", arguments: names)
  func outputs(_ name: String) throws {
    let folder = TemporaryFolder()
    let place = folder.appending("case.onnx")
    try Data(Self.cases.tensor("\(name).model").bytes()).write(to: place)
    let program = try OnnxProgram(try OnnxFile(place), device: .cpu)
    let input = try Self.cases.tensor("\(name).input")
    let expected = try Self.cases.tensor("\(name).output")
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
      try Data(Self.cases.tensor("\(name).model").bytes()).write(to: place)
      seen.formUnion(try OnnxFile(place).nodes.map(\.operation))
    }
    #expect(Set(OnnxOperators.all.keys).subtracting(seen) == [])
  }

  @Test("an operator that is not supported is named with its node, and with those that are")
  func unsupported() {
    let failure = #expect(throws: Failure.self) {
      try LoadedModel(Fixture.file("unsupported.onnx"))
    }
    #expect(
      failure?.message.hasSuffix(
        "unsupported.onnx: node 'the-node' (Hardmax) has an operator that is not supported") == true
    )
    #expect(failure?.hint?.hasPrefix("supported are: Add, AveragePool, BatchNormalization") == true)
  }

  @Test("a graph in training mode, and numbers in another file, are refused")
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
    #expect(
      external?.message.contains("keeps its numbers in another file") == true)
  }

  @Test("a graph with an input [N, D] takes the rows of a table")
  func rows() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("rows.onnx")
    try Data(Self.cases.tensor("gemm.model").bytes()).write(to: place)
    let model = try LoadedModel(place)
    #expect(model.classifier.inputShape == InputShape(features: 5))
    let rows = try Self.cases.tensor("gemm.input")
    let expected = try Self.cases.tensor("gemm.output")
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
