import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("A model folder is read with its configuration, and nothing outside of it")
struct ModelFolderTests {
  let folder = TemporaryFolder()

  private static let network = Result {
    try Architecture.named("small").network(
      input: InputShape(channels: 3, height: 8, width: 8), classNames: ["cat", "dog", "hen"],
      seed: Seed(1))
  }

  private func write(_ name: String, _ object: Any) throws {
    try JSONSerialization.data(withJSONObject: object).write(to: folder.appending(name))
  }

  private static var tensors: [(name: String, tensor: Tensor)] {
    get throws { try network.get().state().map { ($0.name, $0.tensor) } }
  }

  private func weights() throws {
    try SafetensorsFile.write(
      Self.tensors, metadata: [:], to: folder.appending("model.safetensors"))
  }

  /// Two files and their index, whose map can be changed.
  private func shards(_ change: (inout [String: String]) -> Void = { _ in }) throws {
    let tensors = try Self.tensors
    var map: [String: String] = [:]
    for (number, part) in [tensors.prefix(3), tensors.dropFirst(3)].enumerated() {
      let name = "model-\(number).safetensors"
      try SafetensorsFile.write(Array(part), metadata: [:], to: folder.appending(name))
      for tensor in part { map[tensor.name] = name }
    }
    change(&map)
    try write("model.safetensors.index.json", ["metadata": [:], "weight_map": map])
  }

  private var timm: [String: Any] {
    [
      "architecture": "small", "num_classes": 3, "label_names": ["cat", "dog", "hen"],
      "pretrained_cfg": [
        "input_size": [3, 8, 8], "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3],
        "crop_pct": 0.8, "interpolation": "bicubic",
      ],
    ]
  }

  private func refusal(_ notes: ModelNotes = ModelNotes()) -> Failure? {
    #expect(throws: Failure.self) { try LoadedModel(folder.url, notes: notes) }
  }

  @Test("impossible shares of a picture give no advice and end nothing")
  func impossibleShares() throws {
    try weights()
    for share in [1e-300, 0, -1, .infinity, 2] {
      var description = timm
      var own = try #require(description["pretrained_cfg"] as? [String: Any])
      own["crop_pct"] = share.isFinite ? share : 1e308
      description["pretrained_cfg"] = own
      try write("config.json", description)
      #expect(try LoadedModel(folder.url).advice?.contains("resize=8,crop=8") == true)
    }
  }

  @Test("the configuration of timm gives the architecture, classes, size and normalisation")
  func timmFolder() throws {
    try weights()
    try write("config.json", timm)
    let model = try LoadedModel(folder.url)
    #expect(model.classNames == ["cat", "dog", "hen"])
    #expect(model.classifier.inputShape.sizes == [3, 8, 8])
    let images = RandomSource(Seed(2)).uniform([2, 3, 8, 8])
    let mean = Tensor([0.5, 0.4, 0.3] as [Float], shape: [1, 3, 1, 1])
    let deviation = Tensor([0.2, 0.25, 0.3] as [Float], shape: [1, 3, 1, 1])
    let expected = try Self.network.get().logits((images - mean) / deviation).detached
    #expect(relativeError(model.classifier.logits(images), expected) < 1e-5)
    #expect(model.advice?.contains("--data photos:resize=10,crop=8") == true)
    #expect(model.advice?.contains("bicubic") == true)
    var notes = ModelNotes()
    notes.normalization = .init(mean: [0], deviation: [1])
    notes.classNames = ["x", "y", "z"]
    let other = try LoadedModel(folder.url, notes: notes)
    #expect(other.classNames == ["x", "y", "z"])
    let plain = try Self.network.get().logits(images).detached
    #expect(relativeError(other.classifier.logits(images), plain) < 1e-5)
  }

  @Test("the configurations of transformers give classes, range, size and normalisation")
  func transformers() throws {
    try weights()
    try write(
      "config.json",
      ["architectures": ["small"], "id2label": ["0": "crane", "1": "crane", "2": "hen"]])
    #expect(refusal()?.message.contains("does not say how pixels are normalised") == true)
    try write(
      "preprocessor_config.json",
      [
        "image_mean": [127.5, 127.5, 127.5], "image_std": [127.5, 127.5, 127.5],
        "do_rescale": false, "size": ["shortest_edge": 10], "do_center_crop": true, "resample": 3,
        "crop_size": ["height": 8, "width": 8],
      ])
    let model = try LoadedModel(folder.url)
    #expect(model.classNames == ["crane (0)", "crane (1)", "hen"])
    let images = RandomSource(Seed(2)).uniform([2, 3, 8, 8])
    let expected = try Self.network.get().logits(images * 2 - 1).detached
    #expect(relativeError(model.classifier.logits(images), expected) < 1e-5)
    #expect(model.advice?.contains("resize=10,crop=8; its makers") == true, "\(model.advice ?? "")")
  }

  @Test("an unknown architecture is named, and the user may give another")
  func unknown() throws {
    try weights()
    try write(
      "config.json", timm.merging(["architecture": "beit_base_patch16_224.in22k"]) { $1 })
    let failure = refusal()
    #expect(failure?.message.contains("'beit_base_patch16_224.in22k' is not one that") == true)
    #expect(failure?.hint?.contains("torch.export") == true)
    var notes = ModelNotes()
    notes.architecture = "small"
    #expect(try LoadedModel(folder.url, notes: notes).classifier.classCount == 3)
    try write("config.json", timm.merging(["model_args": ["act_layer": "gelu"]]) { $1 })
    #expect(refusal()?.message.contains("with other act_layer") == true)
  }

  @Test("published names lead to Crossfire's, with what they were trained on left out")
  func names() throws {
    #expect(try PublishedModels.architecture(["architecture": "vgg16"]) == "vgg16")
    #expect(try PublishedModels.architecture(["architecture": "resnet20.cifar"]) == "resnet20")
    for (theirs, ours) in PublishedModels.architectures where Architecture.isKnown(ours) {
      #expect(try PublishedModels.architecture(["architecture": theirs]) == ours)
    }
  }

  @Test("weights in several files are those of one file, by the index and by the folder")
  func sharded() throws {
    var notes = ModelNotes()
    (notes.architecture, notes.input) = ("small", InputShape(channels: 3, height: 8, width: 8))
    notes.classNames = ["cat", "dog", "hen"]
    try shards()
    let index = folder.appending("model.safetensors.index.json")
    let found = try LoadedModel(index, notes: notes)
    let images = RandomSource(Seed(2)).uniform([2, 3, 8, 8])
    let expected = try Self.network.get().logits(images).detached
    #expect(relativeError(found.classifier.logits(images), expected) < 1e-6)
    #expect(try LoadedModel(folder.url, notes: notes).fingerprint == found.fingerprint)
    // The fingerprint depends on every file.
    for number in 0...1 {
      try shards()
      let place = folder.appending("model-\(number).safetensors")
      var bytes = try Data(contentsOf: place)
      bytes[bytes.count - 2] ^= 1
      try bytes.write(to: place)
      #expect(try LoadedModel(index, notes: notes).fingerprint != found.fingerprint)
    }
  }

  @Test("a tensor that is not in exactly the stated file is refused")
  func misplaced() throws {
    let first = try #require(try Self.tensors.first?.name)
    try shards { $0[first] = "model-1.safetensors" }
    #expect(refusal()?.message.contains("'\(first)' is in 'model-0.safetensors'") == true)
    try shards { $0[first] = nil }
    #expect(refusal()?.message.contains("in no file") == true)
    try shards { $0["extra"] = "model-1.safetensors" }
    #expect(refusal()?.message.contains("'extra' is not in 'model-1.safetensors'") == true)
    try shards { for key in $0.keys { $0[key] = "gone.safetensors" } }
    #expect(refusal()?.message.contains("there is no such file in the folder") == true)
    try shards { for key in $0.keys { $0[key] = "pytorch_model-1.bin" } }
    #expect(refusal()?.message.contains("only safetensors may be divided") == true)
  }

  @Test(
    "paths and links that leave the folder of the model are refused",
    arguments: ["../outside.safetensors", "/etc/hostname", "", "..", "sub/x.safetensors"])
  func outside(_ name: String) throws {
    try shards { for key in $0.keys { $0[key] = name } }
    #expect(refusal()?.message.contains("expected the name of a file in the same folder") == true)
  }

  @Test("links to other folders are refused, and those of Hugging Face's cache are followed")
  func links() throws {
    let other = TemporaryFolder()
    try weights()
    let manager = FileManager.default
    let own = folder.appending("model.safetensors")
    let place = other.appending("model.safetensors")
    try manager.moveItem(at: own, to: place)
    try manager.createSymbolicLink(at: own, withDestinationURL: place)
    #expect(refusal()?.message.contains("a link to another folder") == true)
    try shards { for key in $0.keys { $0[key] = "linked.safetensors" } }
    try manager.removeItem(at: own)
    try manager.createSymbolicLink(
      at: folder.appending("linked.safetensors"), withDestinationURL: place)
    #expect(refusal()?.message.contains("a link to another folder") == true)
    // The cache of Hugging Face.
    let (blobs, snapshot) = (other.appending("blobs"), other.appending("snapshots/one"))
    try manager.createDirectory(at: blobs, withIntermediateDirectories: true)
    try manager.createDirectory(at: snapshot, withIntermediateDirectories: true)
    try manager.moveItem(at: place, to: blobs.appending(path: "0a"))
    try manager.createSymbolicLink(
      atPath: snapshot.appending(path: "model.safetensors").path,
      withDestinationPath: "../../blobs/0a")
    let found = try HubFolder(snapshot)
    guard case .safetensors(let file) = found.weights else {
      Issue.record("not safetensors")
      return
    }
    #expect(file.lastPathComponent == "0a")
  }
}
