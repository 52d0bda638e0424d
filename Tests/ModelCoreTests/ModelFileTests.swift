import Foundation
import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Model files are read as they were written")
struct ModelFileTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("model.safetensors") }

  static let record = TrainingRecord(
    data: "synthetic:train", dataFingerprint: "abc", architecture: "small", defense: "none",
    optimizer: "adam",
    batchSize: 32,
    seed: .max, epochs: 3, device: .cpu, trainingAccuracy: 0.987_654_321, request: "ü \"quoted\"\n")

  private func network(_ seed: UInt64 = 1) throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(channels: 1, height: 6, width: 5),
      layers: LayerList([
        "conv 3 kernel 3 padding 1", "batchnorm", "relu", "residual [conv 3 kernel 1]", "flatten",
        "linear 2",
      ]),
      classNames: ["cat", "dög/\"2\""], valueRange: -1...1)
    return try Network(description, initialization: .kaimingUniform, seed: Seed(seed))
      .withRandomStatistics(
        seed: Seed(9))
  }

  @Test("a model keeps its description, its tensors and its training record")
  func roundTrip() throws {
    let network = try network()
    try ModelFile.write(network, training: Self.record, to: place)
    let file = try ModelFile(place)
    #expect(file.training == Self.record)
    #expect(file.network.description == network.description)
    #expect(file.network.fingerprint == network.fingerprint)
    let images = RandomSource(Seed(1)).uniform([3, 1, 6, 5], in: -1..<1)
    #expect(file.network.logits(images).floats() == network.logits(images).floats())
    #expect(file.network.learned.allSatisfy { $0.isTracked })
  }

  @Test("a model without a training record has none when it is read")
  func noRecord() throws {
    try ModelFile.write(network(), training: nil, to: place)
    #expect(try ModelFile(place).training == nil)
  }

  @Test("the same model gives the same bytes, also after it was read")
  func identical() throws {
    let places = ["a", "b", "c"].map { folder.appending($0) }
    let network = try network()
    try ModelFile.write(network, training: Self.record, to: places[0])
    try ModelFile.write(network, training: Self.record, to: places[1])
    let file = try ModelFile(places[0])
    try ModelFile.write(file.network, training: file.training, to: places[2])
    let bytes = try places.map { try Data(contentsOf: $0) }
    #expect(bytes[0] == bytes[1])
    #expect(bytes[0] == bytes[2])
  }

  /// Writes a network's tensors, possibly changed, with any metadata.
  private func write(
    _ metadata: [String: String],
    _ change: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }
  ) throws {
    var tensors = try network().state()
    change(&tensors)
    try SafetensorsFile.write(tensors, metadata: metadata, to: place)
  }

  @Test(
    "a file without a description is refused with a hint, or read with the caller's description"
  )
  func undescribed() throws {
    try write(["format": "pt"])
    let failure = #expect(throws: Failure.self) { try ModelFile(place) }
    #expect(failure?.message == "\(place.path): its metadata do not describe the model")
    #expect(
      failure?.hint?.hasPrefix("give its architecture, or add the metadata 'layers'") == true)
    let network = try network()
    let file = try ModelFile(place, assuming: network.description)
    #expect(file.network.fingerprint == network.fingerprint)
  }

  @Test("the metadata layers and input describe a model, whose classes are then numbered")
  func layersAndInput() throws {
    let layers = String(
      decoding: try JSONEncoder().encode(network().description.layers), as: UTF8.self)
    try write(["layers": layers, "input": "1x6x5"])
    let file = try ModelFile(place)
    #expect(file.network.description.classNames == ["0", "1"])
    let expected = try network().description.layers
    #expect(file.network.description.layers == expected)
  }

  @Test("a model of the rows of a table is described by the number of its features")
  func rows() throws {
    let tensors = [("0.weight", Tensor.ones([3, 4])), ("0.bias", Tensor.ones([3]))]
    let metadata = ["layers": #"["linear 3"]"#, "input": "4"]
    try SafetensorsFile.write(tensors, metadata: metadata, to: place)
    let network = try ModelFile(place, valueRange: -1...1).network
    #expect(network.inputShape == InputShape(features: 4) && network.valueRange == -1...1)
    #expect(network.logits(Tensor.ones([2, 4])).floats() == [5, 5, 5, 5, 5, 5])
    #expect(try ModelFile(place).network.valueRange == 0...1)
    // A file with a complete description keeps its own range.
    try ModelFile.write(network, training: nil, to: place)
    let again = try ModelFile(place, valueRange: 0...255).network
    #expect(again.inputShape == network.inputShape && again.valueRange == -1...1)
  }

  @Test("the description in a file takes precedence over the caller's")
  func saysItself() throws {
    try ModelFile.write(network(), training: Self.record, to: place)
    let other = try Architecture.named("mlp").description(
      input: InputShape(channels: 1, height: 6, width: 5), classNames: ["a", "b"])
    let description = try network().description
    #expect(try ModelFile(place, assuming: other).network.description == description)
  }

  @Test("tensors that do not fit the description are refused with the name of the file")
  func misfits() throws {
    try ModelFile.write(network(), training: nil, to: place)
    let metadata = try SafetensorsFile(place).metadata
    try write(metadata) { $0.removeLast() }
    #expect(throws: Failure.self) { try ModelFile(place) }
    try write(metadata) { $0[0].tensor = Tensor.zeros([3, 1, 3, 2]) }
    let failure = #expect(throws: Failure.self) { try ModelFile(place) }
    #expect(
      failure?.message
        == "\(place.path): tensor '0.weight' has shape [3, 1, 3, 2], its layer needs [3, 1, 3, 3]")
  }
}
