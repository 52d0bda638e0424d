import Foundation
import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Model files")
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

  @Test("a model is read as it was written: description, tensors, record")
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

  @Test("a model without a record has none when it is read")
  func noRecord() throws {
    try ModelFile.write(network(), training: nil, to: place)
    #expect(try ModelFile(place).training == nil)
  }

  @Test("two saves give the same bytes, and so does a save of what was read")
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

  /// A file of a network's tensors with any metadata.
  private func write(
    _ metadata: [String: String],
    _ change: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }
  ) throws {
    var tensors = try network().state()
    change(&tensors)
    try SafetensorsFile.write(tensors, metadata: metadata, to: place)
  }

  @Test(
    "a model that does not say what it is is refused with a hint, and read with what the caller knows"
  )
  func undescribed() throws {
    try write(["format": "pt"])
    let failure = #expect(throws: Failure.self) { try ModelFile(place) }
    #expect(failure?.message == "\(place.path): no description of the model in its metadata")
    #expect(
      failure?.hint?.hasPrefix("name its --architecture, or give it metadata 'layers'") == true)
    let network = try network()
    let file = try ModelFile(place, assuming: network.description)
    #expect(file.network.fingerprint == network.fingerprint)
  }

  @Test("layers and input are description enough; classes are then numbered")
  func layersAndInput() throws {
    let layers = String(
      decoding: try JSONEncoder().encode(network().description.layers), as: UTF8.self)
    try write(["layers": layers, "input": "1x6x5"])
    let file = try ModelFile(place)
    #expect(file.network.description.classNames == ["0", "1"])
    let expected = try network().description.layers
    #expect(file.network.description.layers == expected)
  }

  @Test("what a file says of itself goes before what is assumed")
  func saysItself() throws {
    try ModelFile.write(network(), training: Self.record, to: place)
    let other = try Architecture.named("mlp").description(
      input: InputShape(channels: 1, height: 6, width: 5), classNames: ["a", "b"])
    let description = try network().description
    #expect(try ModelFile(place, assuming: other).network.description == description)
  }

  @Test("tensors that do not fit the description are refused with the file's name")
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
