import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Named tensors become a network, or it is said which do not fit")
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
    "prefixes that all names have are of wrappers",
    arguments: ["", "module.", "module.model.", "_orig_mod.net."])
  func prefixes(_ prefix: String) throws {
    let tensors = try tensors()
    let wrapped = Dictionary(uniqueKeysWithValues: tensors.map { (prefix + $0.key, $0.value) })
    #expect(try load(wrapped).fingerprint == load(tensors).fingerprint)
  }

  @Test("a missing, an unknown and a misshapen tensor are all named, with the nearest")
  func misfits() throws {
    #expect(try refusal { $0["1.bias"] = nil } == "tensor '1.bias' is missing")
    #expect(try refusal { $0["extra"] = Tensor.ones([1]) } == "tensor 'extra' belongs to no layer")
    #expect(
      try refusal { $0["3.weight"] = Tensor.ones([128, 2]) }
        == "tensor '3.weight' has shape [128, 2], expected [128, 256]")
    #expect(
      try refusal { $0["5.biass"] = $0.removeValue(forKey: "5.bias") }
        == "2 tensors do not fit: '5.bias' is missing (there is '5.biass'); '5.biass' belongs to no layer (there should be '5.bias')"
    )
  }

  @Test("weights wrapped in a training's checkpoint are found")
  func wrapped() throws {
    let dictionary = try StateDictionary(archive: Fixture.file("tiny.wrapped.pth"))
    let plain = try StateDictionary(archive: Fixture.file("tiny.pth"))
    #expect(
      dictionary.tensors.count == plain.tensors.count
        && dictionary.tensors["conv1.weight"]?.shape == [8, 3, 3, 3])
    #expect(dictionary.tensors["fc2.bias"]?.floats() == plain.tensors["10.bias"]?.floats())
  }

  @Test("normalisation and channels are layers before the others")
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
}
