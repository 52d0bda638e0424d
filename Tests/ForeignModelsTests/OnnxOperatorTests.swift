import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("ONNX operators give what the reference implementation gives")
struct OnnxOperatorTests {
  static let cases = try! SafetensorsFile(Fixture.file("onnx-operators.safetensors"))
  static let names = cases.names.filter { $0.hasSuffix(".model") }.map { String($0.dropLast(6)) }
    .sorted()

  @Test("outputs, and gradients where there are any", arguments: names)
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
    // Of a softmax's rows the sum is one, whatever the input.
    #expect(gradient.absolute.max().scalar > 1e-9 || name.hasPrefix("Softmax"))
    #expect(gradient.isFinite.all().isTrue)
  }

  @Test("every operator that is read has a case")
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

  @Test("an operator that is not read is named with its node and what is read")
  func unsupported() {
    let failure = #expect(throws: Failure.self) {
      try LoadedModel(Fixture.file("unsupported.onnx"))
    }
    #expect(
      failure?.message.hasSuffix(
        "unsupported.onnx: node 'the-node' (Hardmax) is an operator that is not read") == true)
    #expect(failure?.hint?.hasPrefix("read are: Add, AveragePool, BatchNormalization") == true)
  }

  @Test("a graph in training behaviour, and numbers in another file, are refused")
  func refused() {
    var notes = ModelNotes()
    notes.input = InputShape(channels: 1, height: 1, width: 5)
    notes.layout = .flat
    let training = #expect(throws: Failure.self) {
      try LoadedModel(Fixture.file("training.onnx"), notes: notes)
    }
    #expect(
      training?.message.contains("node 'the-node' (Dropout) is in training behaviour") == true)
    let external = #expect(throws: Failure.self) { try LoadedModel(Fixture.file("external.onnx")) }
    #expect(
      external?.message.contains("keeps its numbers in another file, which is not read") == true)
  }
}
