import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("ONNX files of both of PyTorch's exporters give PyTorch's logits, gradients and attacks")
struct OnnxFamilyTests {
  /// A folder with `onnx-families.safetensors` and its weights: the fixtures, or the one that
  /// CROSSFIRE_ONNX names.
  static let folder =
    ProcessInfo.processInfo.environment["CROSSFIRE_ONNX"].map { URL(filePath: $0) }
    ?? Fixture.file("onnx-families.data").deletingLastPathComponent()
  static let families = try! SafetensorsFile(
    folder.appending(path: "onnx-families.safetensors"))
  static let names = families.names.filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(5)) }
    .sorted()

  /// Writes a model and the file with its weights into a folder.
  static func write(_ name: String, into folder: URL) throws -> URL {
    let data = folder.appending(path: "onnx-families.data")
    if !FileManager.default.fileExists(atPath: data.path) {
      try FileManager.default.copyItem(
        at: self.folder.appending(path: "onnx-families.data"), to: data)
    }
    let place = folder.appending(path: "\(name).onnx")
    try Data(families.tensor("\(name).onnx").bytes()).write(to: place)
    return place
  }

  @Test("each family has files of both exporters") func complete() {
    // Networks in half precision are from one exporter only.
    let families = Set(Self.names.map { $0.split(separator: ".")[0] }).filter { !$0.contains("-") }
    #expect(families.count == 13)
    for family in families {
      #expect(Self.names.contains { $0.hasPrefix("\(family).script") })
      #expect(Self.names.contains { $0.hasPrefix("\(family).dynamo") })
    }
  }

  @Test("logits, input gradients and FGSM images agree", arguments: names)
  func agree(_ name: String) throws {
    let folder = TemporaryFolder()
    let model = try LoadedModel(
      Self.write(name, into: folder.appending("x").deletingLastPathComponent()))
    let family = name.split(separator: ".")[0]
    let images = try Self.families.tensor("images")
    let labels = try Self.families.tensor("labels")
    let expected = try Self.families.tensor("\(family).logits")
    let variable = images.tracked
    let logits = model.classifier.logits(variable)
    #expect(relativeError(logits.detached, expected) < 1e-4)
    let gradient = logits.crossEntropy(labels).sum().gradient(of: variable)
    #expect(gradient.isFinite.all().isTrue && gradient.absolute.max().scalar > 0)
    // Networks in half precision are compared with ONNX Runtime, which has no gradients.
    guard Self.families.contains("\(family).gradient") else { return #expect(family.contains("-")) }
    let expectedGradient = try Self.families.tensor("\(family).gradient")
    #expect(relativeError(gradient, expectedGradient) < 1e-4)
    let change = fgsm(images, gradient) - fgsm(images, expectedGradient)
    let share = (change.absolute.isLess(than: 1e-6)).to(.float32).mean().scalar
    #expect(share >= 0.995)
    // Some networks take any number of images although they were exported for four.
    let size = try #require(model.classifier as? ForeignModel).batchSize
    #expect(size == nil || size == 4 && name.hasSuffix("fixed"))
    if name == "vit.script17.fixed" { #expect(size == 4) }
  }

  private func fgsm(_ images: Tensor, _ gradient: Tensor) -> Tensor {
    (images + gradient.sign * (8.0 / 255)).clamped(to: 0...1)
  }

  @Test("linear layers and activations become single operators again")
  func fused() throws {
    let folder = TemporaryFolder()
    func operations(_ name: String) throws -> [String: Int] {
      let place = try Self.write(name, into: folder.appending("x").deletingLastPathComponent())
      let program = try OnnxProgram(try OnnxFile(place), device: .cpu)
      return program.steps.reduce(into: [:]) { $0[$1.operation, default: 0] += 1 }
    }
    for name in ["vit.script17.free", "vit.dynamo18.fixed", "vit.dynamo.free"] {
      let found = try operations(name)
      // Two blocks with four linear layers and two products of attention each, and the last layer.
      #expect(found["Gelu"] == 2 && found["Erf"] == nil, "\(name) \(found)")
      #expect(found["Gemm"] == 9 && found["MatMul"] == 4, "\(name) \(found)")
    }
    let found = try operations("efficientnet.dynamo.free")
    #expect((found["Swish"] ?? 0) >= 6, "\(found)")
  }

  @Test("a vision transformer can be differentiated twice") func twice() throws {
    let folder = TemporaryFolder()
    let place = try Self.write(
      "vit.dynamo.free", into: folder.appending("x").deletingLastPathComponent())
    let model = try LoadedModel(place).classifier
    let variable = try Self.families.tensor("images").tracked
    let first = model.logits(variable).sum().gradient(of: variable, differentiable: true)
    let second = (first * first).sum().gradient(of: variable)
    #expect(second.isFinite.all().isTrue && second.absolute.max().scalar > 0)
  }
}

@Suite("Outputs with further dimensions of size 1 are flattened, and the user is told")
struct FlattenedOutputTests {
  @Test("a fully convolutional network with outputs [N, K, 1, 1]") func flattened() throws {
    let folder = TemporaryFolder()
    let place = try OnnxFamilyTests.write(
      "groupnorm.dynamo.free", into: folder.appending("x").deletingLastPathComponent())
    let model = try LoadedModel(place)
    #expect(
      model.notices == [
        "The output of the model has the shape [N, 5, 1, 1]. It is read as one row of 5 logits for "
          + "each image."
      ])
    let images = Tensor.zeros([2, 3, 16, 16])
    #expect(model.classifier.logits(images).shape == [2, 5])
  }

  @Test("an output [N, K] needs no notice") func plain() throws {
    #expect(try LoadedModel(Fixture.file("tiny.onnx")).notices.isEmpty)
    #expect(try LoadedModel(Fixture.file("tiny.pt")).notices.isEmpty)
  }
}
