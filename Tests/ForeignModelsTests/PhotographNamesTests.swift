import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Weights of networks for photographs load under the names of their implementations")
struct PhotographNamesTests {
  /// The names and shapes of an implementation's tensors, for 10 classes.
  struct Published: Sendable, CustomTestStringConvertible {
    let architecture: String
    let implementation: String
    let parameters: Int
    var tensors: [String: [Int]] = [:]
    var testDescription: String { "\(architecture) of \(implementation)" }
  }

  static let all: [Published] = {
    var all: [Published] = []
    for line in try! Fixture.text("photograph-names.txt").split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "=" {
        all.append(
          Published(architecture: words[1], implementation: words[2], parameters: Int(words[3])!))
      } else {
        all[all.count - 1].tensors[words[0]] = words[1].split(separator: "x").map { Int($0)! }
      }
    }
    return all
  }()

  private static func images(_ side: Int) -> LoadedModel.Images {
    LoadedModel.Images(
      shape: InputShape(channels: 3, height: side, width: side),
      classNames: (0..<10).map(String.init))
  }

  private static func notes(_ architecture: String) -> ModelNotes {
    var notes = ModelNotes()
    notes.architecture = architecture
    return notes
  }

  /// Each tensor is filled with the number of its place among the sorted names.
  private func tensors(_ published: Published) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (place, name) in published.tensors.keys.sorted().enumerated() {
      tensors[name] = Tensor.full(Double(place), shape: published.tensors[name]!)
    }
    return tensors
  }

  @Test("all tensors are read, and each has one place", arguments: all)
  func loads(_ published: Published) throws {
    let tensors = tensors(published)
    let network = try StateDictionary(tensors).network(
      Self.notes(published.architecture), for: Self.images(224), device: .cpu)
    #expect(network.learned.reduce(0) { $0 + $1.count } == published.parameters)
    // Every number in the file is in the network as often as in the file.
    var found: [Float: Int] = [:]
    for tensor in network.learned {
      // Of packed queries, keys and values, each is filled with one number.
      let parts = tensor.rank > 0 && tensor.shape[0] % 3 == 0 ? 3 : 1
      let rows = tensor.shape[0] / parts
      for part in 0..<parts {
        let piece = tensor.narrow(0, part * rows, rows)
        #expect(piece.max().scalar == piece.min().scalar)
        found[Float(piece.max().scalar), default: 0] += piece.count
      }
    }
    let ignored = ["relative_position_index", "attn_mask"]
    for (name, tensor) in tensors where !ignored.contains(where: name.hasSuffix) {
      #expect(found[Float(tensor.max().scalar)] == tensor.count, "\(name)")
    }
  }

  @Test("ε of Hugging Face's vision transformers is 1e-12, of timm's and torchvision's 1e-6")
  func epsilon() throws {
    for published in Self.all where published.architecture == "vit-s16" {
      let network = try StateDictionary(tensors(published)).network(
        Self.notes("vit-s16"), for: Self.images(224), device: .cpu)
      let last = network.description.layers.texts.dropLast(2).last
      let isTheirs = published.implementation.hasPrefix("transformers")
      #expect(last == (isTheirs ? "layernorm epsilon 1e-12" : "layernorm epsilon 1e-06"))
    }
  }

  @Test("positions for pictures of another size are refused with both sizes")
  func positions() throws {
    let published = try #require(Self.all.first { $0.implementation == "timm" })
    let failure = #expect(throws: Failure.self) {
      try StateDictionary(tensors(published)).network(
        Self.notes("vit-s16"), for: Self.images(32), device: .cpu)
    }
    #expect(
      failure?.message
        == "the position embeddings 'pos_embed' are for 196 patches of 16x16 pixels, as in pictures "
        + "of 224x224; pictures of 32x32 have 4")
    #expect(failure?.hint?.hasPrefix("give it pictures of 224x224") == true)
  }

  @Test("a part of queries, keys and values that is missing is named")
  func missing() throws {
    let published = try #require(Self.all.first { $0.implementation == "transformers-4" })
    var tensors = tensors(published)
    let name = "vit.encoder.layer.3.attention.attention.key.weight"
    tensors[name] = nil
    let failure = #expect(throws: Failure.self) {
      try StateDictionary(tensors).network(
        Self.notes("vit-s16"), for: Self.images(224), device: .cpu)
    }
    #expect(failure?.message == "tensor '\(name)' is missing")
  }

  @Test("a part of queries, keys and values of another shape is refused")
  func misfit() throws {
    let published = try #require(Self.all.first { $0.implementation == "transformers-4" })
    let name = "vit.encoder.layer.3.attention.attention.key.weight"
    for shape in [[383, 384], [384, 383], [384], []] {
      var tensors = tensors(published)
      tensors[name] = Tensor.full(0, shape: shape)
      let failure = #expect(throws: Failure.self) {
        try StateDictionary(tensors).network(
          Self.notes("vit-s16"), for: Self.images(224), device: .cpu)
      }
      #expect(failure?.message.contains("expected [1152, 384]") == true)
    }
  }
}
