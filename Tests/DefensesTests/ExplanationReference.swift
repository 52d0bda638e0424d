import Datasets
import Defenses
import Foundation
import ModelCore
import TestSupport
import Testing

/// The answers of plain PyTorch for training with explanation constraints, one network each.
struct ExplanationReference {
  let file: SafetensorsFile
  /// The name of the network: mlp, smooth, cnn or residual.
  let name: String
  let network: Network

  init(_ name: String) throws {
    self.name = name
    file = try SafetensorsFile(Reference.file("explanations.safetensors"))
    network = try Reference.network("explanations.\(name)")
  }

  func tensor(_ key: String) throws -> Tensor { try file.tensor("\(name).\(key)") }

  /// A setting of an objective, such as `rrr.lambda`.
  func setting(_ key: String) throws -> Double { try tensor("settings.\(key)").scalar }

  /// Tensors with one image per row are given as the network takes them, in the shape `[N, C, H, W]`.
  func images(_ key: String) throws -> Tensor {
    let stored = try tensor(key)
    return stored.reshaped([stored.shape[0]] + network.inputShape.sizes)
  }

  /// The masks, expanded to all channels.
  func masks() throws -> Tensor {
    let stored = try tensor("mask")
    let shape = network.inputShape
    let count = stored.shape[0]
    let perPixel = [
      count, stored.count / count / (shape.height * shape.width), shape.height, shape.width,
    ]
    return stored.reshaped(perPixel).expanded([count] + shape.sizes).contiguous
  }

  /// The inputs with labels, groups and masks; only some rows, if given.
  func batch(rows: Tensor? = nil) throws -> Batch {
    let all = Annotations(
      labels: try tensor("labels"), groups: try tensor("groups"), masks: try masks())
    let images = try images("inputs")
    return Batch(
      images: rows.map { images.indexSelect(0, $0) } ?? images,
      annotations: rows.map(all.at) ?? all)
  }

  /// The behaviour of a mode: evaluation or training.
  static func pass(_ mode: String) -> Pass {
    mode == "training" ? .training(dropout: nil, updatesStatistics: false) : .evaluation
  }

  func step(
    _ mode: String = "evaluation", rows: Tensor? = nil, readsCleanLogits: Bool = true
  ) throws -> TrainingStep {
    TrainingStep(
      network, try batch(rows: rows), Self.pass(mode), readsCleanLogits: readsCleanLogits)
  }

  /// Compares the loss and its gradient in every parameter with the reference.
  func check(_ key: String, loss: Tensor) throws {
    let error = distance(loss.detached, try tensor("\(key).loss"))
    #expect(error < 1e-5, "\(name).\(key): the loss is off by \(error)")
    let gradients = Dictionary(
      uniqueKeysWithValues: zip(network.learnedNames, loss.gradients(of: network.learned)))
    for (parameter, found) in gradients {
      let expected = try tensor("\(key).grad.\(parameter)")
      let error = distance(found, expected)
      #expect(
        error < 1e-4 || isNoise(found, parameter, expected, gradients),
        "\(name).\(key).grad.\(parameter) is off by \(error)")
    }
  }

  /// Compares a value with the reference, to a relative error of 1e-5.
  func check(_ key: String, _ found: Tensor) throws {
    let error = distance(found.detached, try tensor(key).reshaped(found.shape))
    #expect(error < 1e-5, "\(name).\(key) is off by \(error)")
  }

  /// ‖found − expected‖ / ‖expected‖.
  private func distance(_ found: Tensor, _ expected: Tensor) -> Double {
    let scale = expected.to(.float64).square.sum().squareRoot.scalar
    let distance = (found.to(.float64) - expected.to(.float64)).square.sum().squareRoot.scalar
    return scale == 0 ? distance : distance / scale
  }

  /// Whether a gradient is only rounding noise: a bias before batch normalisation has no effect in
  /// training behaviour. Its noise is compared with the gradient of the layer's weight.
  private func isNoise(
    _ found: Tensor, _ parameter: String, _ expected: Tensor, _ gradients: [String: Tensor]
  ) -> Bool {
    guard parameter.hasSuffix("bias"), let weight = gradients[parameter.dropLast(4) + "weight"]
    else { return false }
    let limit = weight.absolute.max().scalar * 2e-4
    return (found - expected).absolute.max().scalar < limit
  }
}
