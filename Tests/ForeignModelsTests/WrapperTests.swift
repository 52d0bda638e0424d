import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("What wrappers add to a network's weights is removed, or used, or reported")
struct WrapperTests {
  private static let images = LoadedModel.Images(
    shape: InputShape(channels: 1, height: 8, width: 8), classNames: ["a", "b", "c"])

  private static func weights() throws -> [String: Tensor] {
    let network = try Architecture.named("small").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    return Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
  }

  private static func named(_ prefix: String) throws -> [String: Tensor] {
    try weights().reduce(into: [:]) { $0[prefix + $1.key] = $1.value }
  }

  private func fitted(
    _ tensors: [String: Tensor], _ normalization: ModelNotes.Normalization? = nil,
    entry: String? = nil
  ) throws -> StateDictionary.Fitted {
    var notes = ModelNotes()
    notes.architecture = "small"
    notes.normalization = normalization
    return try StateDictionary(tensors, entry: entry).fitted(notes, for: Self.images, device: .cpu)
  }

  private static let mean = Tensor([0.25] as [Float], shape: [1, 1, 1, 1])
  private static let deviation = Tensor([0.5] as [Float], shape: [1, 1, 1, 1])

  @Test(
    "any common prefix is removed",
    arguments: [
      "module.", "_orig_mod.module.", "model._orig_mod.", "backbone.", "module.encoder.x.",
    ])
  func prefixes(_ prefix: String) throws {
    let found = try fitted(Self.named(prefix))
    #expect(try found.network.fingerprint == fitted(Self.weights()).network.fingerprint)
    #expect(found.notices.isEmpty)
  }

  @Test("an architecture that normalises images itself takes no further normalisation")
  func twice() throws {
    var notes = ModelNotes()
    notes.architecture = "wideresnet28-10-silu"
    notes.normalization = .init(mean: [0.5], deviation: [0.25])
    let images = LoadedModel.Images(
      shape: InputShape(channels: 3, height: 32, width: 32), classNames: (0..<10).map(String.init))
    let failure = #expect(throws: Failure.self) {
      try StateDictionary(["x": Tensor.zeros([1])], entry: nil).fitted(
        notes, for: images, device: .cpu)
    }
    #expect(failure?.message.contains("normalises images itself") == true)
  }

  @Test(
    "a normalisation that a wrapper stores comes before the network, with a notice",
    arguments: [
      ("module.", "", ("mean", "std")), ("1.", "0.", ("mean", "std")),
      ("model.", "normalize.", ("mean", "std")), ("", "", ("mu", "sigma")),
      ("net.", "normalizer.", ("new_mean", "new_std")), ("resnet.", "norm.", ("mean", "std")),
    ])
  func normalization(_ network: String, _ module: String, _ names: (String, String)) throws {
    var tensors = try Self.named(network)
    tensors[module + names.0] = Self.mean
    tensors[module + names.1] = Self.deviation
    for outer in ["", "module."] {
      let wrapped = tensors.reduce(into: [:]) { $0[outer + $1.key] = $1.value }
      let found = try fitted(wrapped)
      let given = ModelNotes.Normalization(mean: [0.25], deviation: [0.5])
      #expect(try found.network.fingerprint == fitted(Self.weights(), given).network.fingerprint)
      #expect(found.notices.count == 1)
      #expect(found.notices.first?.contains("mean 0.25, std 0.5), which is used") == true)
    }
  }

  @Test("the user's normalisation replaces that of the file, with a notice")
  func replaced() throws {
    var tensors = try Self.named("model.")
    (tensors["mean"], tensors["std"]) = (Self.mean, Self.deviation)
    let given = ModelNotes.Normalization(mean: [0.1], deviation: [0.3])
    let found = try fitted(tensors, given)
    #expect(try found.network.fingerprint == fitted(Self.weights(), given).network.fingerprint)
    #expect(found.notices.first?.hasSuffix("which is replaced by the given one") == true)
  }

  @Test("half of a normalisation, or an impossible one, is refused and not dropped")
  func halves() throws {
    var tensors = try Self.named("model.")
    tensors["mean"] = Self.mean
    #expect(throws: Failure.self) { try fitted(tensors) }
    tensors["std"] = Tensor.full(0, shape: [1])
    let failure = #expect(throws: Failure.self) { try fitted(tensors) }
    #expect(failure?.message.contains("'mean' belongs to no layer") == true)
  }

  @Test("the second part of a sequence needs a statement about its normalisation")
  func sequence() throws {
    let failure = #expect(throws: Failure.self) { try fitted(Self.named("1.")) }
    #expect(failure?.message.contains("may be a normalisation") == true)
    #expect(failure?.hint?.contains("mean=0,std=1 if there is none") == true)
    let none = ModelNotes.Normalization(mean: [0], deviation: [1])
    #expect(
      try fitted(Self.named("1."), none).network.fingerprint
        == fitted(Self.weights(), none).network.fingerprint)
  }

  @Test("one of several copies is chosen by the beginning of its names")
  func copies() throws {
    let tensors = try Self.named("model.").merging(Self.named("ema.module.")) { $1 }
      .merging(["ema.n_averaged": Tensor.ones([])]) { $1 }
    let failure = #expect(throws: Failure.self) { try fitted(tensors) }
    #expect(failure?.hint?.contains(":entry=ema") == true)
    for entry in ["model", "ema"] {
      let found = try fitted(tensors, entry: entry)
      #expect(try found.network.fingerprint == fitted(Self.weights()).network.fingerprint)
    }
    #expect(throws: Failure.self) { try fitted(tensors, entry: "none") }
  }
}
