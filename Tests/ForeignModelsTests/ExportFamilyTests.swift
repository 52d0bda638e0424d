import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

/// The archives of torch.export in `export-families.zip`, which scripts/export_families.py writes.
enum ExportFixtures {
  static let archive = try! ZipArchive(
    Data(contentsOf: Fixture.file("export-families.zip")), what: "export-families.zip")
  static let names = archive.names.filter { $0.hasSuffix(".pt2") }.map { String($0.dropLast(4)) }
  static let answers = try! SafetensorsFile(Fixture.file("export-families.safetensors"))

  /// Writes an archive into a folder.
  static func write(_ name: String, into folder: TemporaryFolder) throws -> URL {
    let place = folder.appending("\(name).pt2")
    try Data(archive.content("\(name).pt2")).write(to: place)
    return place
  }
}

@Suite("Archives of torch.export give PyTorch's logits, gradients and attacks")
struct ExportFamilyTests {
  static let names = ExportFixtures.names.filter { $0.contains(".") && !$0.hasPrefix("refused.") }

  @Test("there is an archive of every family") func complete() {
    #expect(Self.names.filter { $0.hasSuffix(".free") }.count == 13)
    #expect(Self.names.contains { $0.hasSuffix(".half") })
    #expect(Self.names.contains { $0.hasSuffix(".bfloat16") })
  }

  @Test("logits, input gradients and FGSM images agree", arguments: names)
  func agree(_ name: String) throws {
    let folder = TemporaryFolder()
    let model = try LoadedModel(ExportFixtures.write(name, into: folder))
    #expect(model.format == .export)
    let parts = name.split(separator: ".")
    let isHalf = parts[1] == "half" || parts[1] == "bfloat16"
    let answers = isHalf ? ExportFixtures.answers : OnnxFamilyTests.families
    let key = isHalf ? name : String(parts[0])
    let images = try OnnxFamilyTests.families.tensor("images")
    let labels = try OnnxFamilyTests.families.tensor("labels")
    let variable = images.tracked
    let logits = model.classifier.logits(variable)
    #expect(relativeError(logits.detached, try answers.tensor("\(key).logits")) < 1e-4)
    let gradient = logits.crossEntropy(labels).sum().gradient(of: variable)
    let expected = try answers.tensor("\(key).gradient")
    #expect(relativeError(gradient, expected) < 1e-4)
    func fgsm(_ gradient: Tensor) -> Tensor {
      (images + gradient.sign * (8.0 / 255)).clamped(to: 0...1)
    }
    let change = (fgsm(gradient) - fgsm(expected)).absolute
    #expect(change.isLess(than: 1e-6).to(.float32).mean().scalar >= 0.995)
    let size = try #require(model.classifier as? ForeignModel).batchSize
    #expect(size == (parts[1] == "fixed" ? 4 : nil))
  }

  @Test("the file states the shape of an image and the number of parameters") func stated() throws {
    let folder = TemporaryFolder()
    let model = try LoadedModel(ExportFixtures.write("mixer.free", into: folder))
    #expect(model.classifier.inputShape == InputShape(channels: 3, height: 16, width: 16))
    let onnx = try LoadedModel(
      OnnxFamilyTests.write(
        "mixer.script17.free", into: folder.appending("x").deletingLastPathComponent()))
    #expect(model.parameters == onnx.parameters)
  }

  @Test("a vision transformer can be differentiated twice") func twiceDifferentiable() throws {
    let folder = TemporaryFolder()
    let model = try LoadedModel(ExportFixtures.write("vit.free", into: folder)).classifier
    let variable = try OnnxFamilyTests.families.tensor("images").tracked
    let first = model.logits(variable).sum().gradient(of: variable, differentiable: true)
    let second = (first * first).sum().gradient(of: variable)
    #expect(second.isFinite.all().isTrue && second.absolute.max().scalar > 0)
  }

  @Test("a program that writes into its input and into views leaves the images as they are")
  func writes() throws {
    let folder = TemporaryFolder()
    let model = try LoadedModel(ExportFixtures.write("twice", into: folder)).classifier
    let rows = try ExportFixtures.answers.tensor("twice.rows")
    let before = rows.floats()
    let variable = rows.tracked
    let logits = model.logits(variable)
    #expect(
      relativeError(logits.detached, try ExportFixtures.answers.tensor("twice.logits")) < 1e-5)
    #expect(rows.floats() == before && variable.floats() == before)
    #expect(logits.sum().gradient(of: variable).absolute.max().scalar > 0)
  }

  @Test(
    "writes after a change of shape, and masks of truth values, give PyTorch's logits",
    arguments: ["unviewed", "masked"])
  func awkward(_ name: String) throws {
    let folder = TemporaryFolder()
    let model = try LoadedModel(ExportFixtures.write(name, into: folder)).classifier
    let images = try ExportFixtures.answers.tensor("\(name).images")
    let logits = try ExportFixtures.answers.tensor("\(name).logits")
    #expect(relativeError(model.logits(images), logits) < 1e-5)
    #expect(relativeError(model.logits(images.channelsLast), logits) < 1e-5)
  }

  @Test(
    "programs that draw numbers, change themselves or are in training mode are refused",
    arguments: [
      ("random", "randn_like"), ("counter", "weight"), ("training", "training mode"),
    ])
  func refused(_ name: String, _ reason: String) throws {
    let folder = TemporaryFolder()
    let place = try ExportFixtures.write("refused.\(name)", into: folder)
    let failure = #expect(throws: Failure.self) { try LoadedModel(place) }
    #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
    #expect(failure?.hint?.contains("model.eval()") == true)
  }
}
