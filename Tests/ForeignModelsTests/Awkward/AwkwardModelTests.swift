import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Model files that people have are read rightly, or refused with advice that works")
struct AwkwardModelTests {
  private let folder: TemporaryFolder
  init() { folder = TemporaryFolder() }

  @Test("120 ONNX files of one linear model", arguments: 0..<120)
  func onnx(_ number: Int) throws {
    let awkward = AwkwardOnnx(number)
    let file = try awkward.write(to: folder.url)
    defer { awkward.clean(folder.url) }
    do {
      let model = try LoadedModel(file)
      #expect(awkward.isSound, "\(awkward) was read")
      // Three images fill no batch of 2, 4 or 8.
      for count in [1, 3] {
        let pictures = (0..<count).map { (n: Int) -> [Float] in
          (0..<AwkwardOnnx.pixels).map { (p: Int) -> Float in Float((n * 5 + p * 3) % 8) / 8 }
        }
        let images = Tensor(pictures.flatMap { $0 }, shape: [count, 1, 2, 3])
        let found = model.classifier.logits(images)
        let right = Tensor(awkward.logits(pictures), shape: [count, AwkwardOnnx.classes])
        #expect(relativeError(found, right) < 1e-6, "\(awkward)")
      }
    } catch let failure as Failure {
      #expect(!awkward.isSound, "\(awkward): \(failure)")
      #expect([.badData, .missing].contains(failure.kind) && failure.hint != nil, "\(failure)")
      // A message names all operators that are missing, so that a user need not try again and
      // again.
      for operation in awkward.unknown where awkward.hasWeights {
        #expect(failure.description.contains(operation), "\(failure)")
      }
    }
  }

  @Test("120 checkpoints of one network", arguments: 0..<120)
  func checkpoints(_ number: Int) throws {
    let awkward = AwkwardCheckpoint(number)
    let images = LoadedModel.Images(
      shape: InputShape(channels: 1, height: 2, width: 3), classNames: ["a", "b", "c"])
    let network = try Architecture.named("mlp").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    let shapes = network.state().map { (name: $0.name, shape: $0.tensor.shape) }
    let tensors = shapes.map { name, shape in
      (name, Tensor(AwkwardCheckpoint.numbers(shape.reduce(1, *)), shape: shape))
    }
    let right = try Network(
      network.description, tensors: Dictionary(uniqueKeysWithValues: tensors))
    let file = folder.appending("weights.pth")
    try Data(awkward.bytes(shapes)).write(to: file)
    var notes = ModelNotes()
    notes.architecture = "mlp"
    let model = try LoadedModel(file, notes: notes, for: images)
    let input = Tensor((0..<12).map { Float($0) / 12 }, shape: [2, 1, 2, 3])
    #expect(
      relativeError(model.classifier.logits(input), right.logits(input)) < 1e-6, "\(awkward)")
  }
}
