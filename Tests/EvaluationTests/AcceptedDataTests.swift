import Datasets
import Evaluation
import ForeignModels
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A model is evaluated only on data that it takes")
struct AcceptedDataTests {
  /// Three rows of four features.
  private func rows(in range: ClosedRange<Double>) throws -> LabelledImages {
    try LabelledImages(
      name: "rows:test", classNames: ["a", "b"],
      pixels: Tensor.full(range.lowerBound, shape: [3, 4]), labels: [0, 1, 1], valueRange: range)
  }

  private func network(in range: ClosedRange<Double>) throws -> Network {
    try Architecture.named("mlp").network(
      input: InputShape(features: 4), classNames: ["a", "b"], valueRange: range, seed: Seed(1))
  }

  @Test("a model is refused for data with another value range, and both ranges are named")
  func ranges() throws {
    let network = try network(in: 0...1)
    try network.checkAccepts(rows(in: 0...1), model: "m")
    let expected = Failure.badData(
      "model m takes values from 0 to 1, data rows:test has values from -2.5 to 3",
      hint: "scale the data to the model's range, or train a model on these data")
    #expect(throws: expected) { try network.checkAccepts(rows(in: -2.5...3), model: "m") }
  }

  @Test("weights without a value range get that of the data, and a model file keeps its own")
  func fromFiles() throws {
    let folder = TemporaryFolder()
    let (weights, file) = (folder.appending("w.safetensors"), folder.appending("m.safetensors"))
    let network = try network(in: 0...1)
    let notes = #"{"architecture": "mlp", "input": "4", "classes": ["a", "b"]}"#
    try SafetensorsFile.write(network.state(), metadata: ["crossfire.json": notes], to: weights)
    try ModelFile.write(network, training: nil, to: file)
    let data = try rows(in: -2.5...3)
    let model = try LoadedModel(weights, for: data.kind)
    #expect(model.classifier.valueRange == -2.5...3 && model.classifier.inputShape == data.shape)
    try model.checkAccepts(data, model: "weights")
    let other = try LoadedModel(file, for: data.kind)
    let failure = #expect(throws: Failure.self) { try other.checkAccepts(data, model: "file") }
    #expect(failure?.message.hasPrefix("model file takes values from 0 to 1") == true)
  }

  @Test("a model for examples of another shape is refused")
  func shapes() throws {
    let network = try Architecture.named("mlp").network(
      input: InputShape(channels: 1, height: 2, width: 2), classNames: ["a", "b"], seed: Seed(1))
    let failure = #expect(throws: Failure.self) {
      try network.checkAccepts(rows(in: 0...1), model: "m")
    }
    #expect(failure?.message == "model m takes images of 1x2x2, rows:test has 4")
  }

  @Test("a model with another number of classes is refused, with advice about the data")
  func classes() throws {
    let network = try Architecture.named("mlp").network(
      input: InputShape(features: 4), classNames: ["a", "b", "c"], seed: Seed(1))
    let data = try rows(in: 0...1)
    let expected = Failure.badData(
      "model m has 3 classes, rows:test has 2", hint: data.advice(forModelWith: 3))
    #expect(throws: expected) { try network.checkAccepts(data, model: "m") }
  }
}
