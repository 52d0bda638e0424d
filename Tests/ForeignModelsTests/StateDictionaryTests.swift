import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Named tensors become a network, or the error says which do not fit")
struct StateDictionaryTests {
  private static let small = LoadedModel.Images(
    shape: InputShape(channels: 1, height: 8, width: 8), classNames: ["a", "b", "c"])

  private func tensors() throws -> [String: Tensor] {
    let network = try Architecture.named("mlp").network(
      input: Self.small.shape, classNames: Self.small.classNames, seed: Seed(1))
    return Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
  }

  private func load(_ tensors: [String: Tensor]) throws -> Network {
    var notes = ModelNotes()
    notes.architecture = "mlp"
    return try StateDictionary(tensors).network(notes, for: Self.small, device: .cpu)
  }

  private func refusal(_ change: (inout [String: Tensor]) -> Void) throws -> String? {
    var tensors = try tensors()
    change(&tensors)
    return #expect(throws: Failure.self) { try load(tensors) }?.message
  }

  @Test(
    "prefixes that all names share are removed",
    arguments: ["", "module.", "module.model.", "_orig_mod.net."])
  func prefixes(_ prefix: String) throws {
    let tensors = try tensors()
    let wrapped = Dictionary(uniqueKeysWithValues: tensors.map { (prefix + $0.key, $0.value) })
    #expect(try load(wrapped).fingerprint == load(tensors).fingerprint)
  }

  @Test("missing tensors, unknown ones and those of another shape are named, with the nearest name")
  func misfits() throws {
    #expect(try refusal { $0["1.bias"] = nil } == "tensor '1.bias' is missing")
    #expect(try refusal { $0["extra"] = Tensor.ones([1]) } == "tensor 'extra' belongs to no layer")
    #expect(
      try refusal { $0["3.weight"] = Tensor.ones([128, 2]) }
        == "tensor '3.weight' has shape [128, 2], expected [128, 256]")
    #expect(
      try refusal { $0["5.biass"] = $0.removeValue(forKey: "5.bias") }
        == "2 tensors do not fit: '5.bias' is missing (the file has '5.biass'); "
        + "'5.biass' belongs to no layer (expected '5.bias')")
  }

  @Test("weights in the checkpoint of a training are found")
  func wrapped() throws {
    let dictionary = try StateDictionary(saved: Fixture.file("tiny.wrapped.pth"))
    let plain = try StateDictionary(saved: Fixture.file("tiny.pth"))
    #expect(
      dictionary.tensors.count == plain.tensors.count
        && dictionary.tensors["conv1.weight"]?.shape == [8, 3, 3, 3])
    #expect(dictionary.tensors["fc2.bias"]?.floats() == plain.tensors["10.bias"]?.floats())
  }

  @Test("normalisation and range become a layer before the others")
  func prepared() throws {
    var notes = ModelNotes()
    notes.architecture = "mlp"
    notes.normalization = .init(mean: [0.25], deviation: [0.5])
    notes.range = 0...255
    let network = try StateDictionary(tensors()).network(notes, for: Self.small, device: .cpu)
    let images = RandomSource(Seed(1)).uniform([2, 1, 8, 8])
    let expected = try load(tensors()).logits((images * 255 - 0.25) / 0.5)
    #expect(relativeError(network.logits(images).detached, expected.detached) < 1e-5)
  }

  @Test("a network of table rows is read, and takes the data's range of values")
  func rows() throws {
    let table = LoadedModel.Images(
      shape: InputShape(features: 4), classNames: ["a", "b", "c"], valueRange: -2...2)
    let network = try Architecture.named("mlp").network(
      input: table.shape, classNames: table.classNames, seed: Seed(1))
    let tensors = Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
    var notes = try ModelNotes(json: #"{"architecture": "mlp", "input": "4"}"#)
    let read = try StateDictionary(tensors).network(notes, for: table, device: .cpu)
    #expect(read.inputShape == table.shape && read.valueRange == -2...2)
    let rows = RandomSource(Seed(2)).uniform([5, 4], in: -2..<2)
    #expect(relativeError(read.logits(rows).detached, network.logits(rows).detached) < 1e-6)
    // A range in the notes is that of the model: [-2, 2] becomes [0, 1].
    notes.range = 0...1
    let scaled = try StateDictionary(tensors).network(notes, for: table, device: .cpu)
    #expect(scaled.valueRange == -2...2)
    let expected = network.logits((rows + 2) / 4).detached
    #expect(relativeError(scaled.logits(rows).detached, expected) < 1e-5)
  }
}
