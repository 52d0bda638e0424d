import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

/// Files of published networks in the folder that CROSSFIRE_ROUTES names, which
/// scripts/check_routes.py writes. They have gigabytes, so they are not among the fixtures.
@Suite("Published networks give the same answers through every kind of file")
struct RouteTests {
  static let folder = ProcessInfo.processInfo.environment["CROSSFIRE_ROUTES"].map {
    URL(filePath: $0)
  }
  static let files: [String] = {
    guard let folder else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { !$0.hasSuffix(".answers") && !$0.hasSuffix(".data") }.sorted()
  }()

  @Test(
    "logits, input gradients and FGSM images",
    .enabled(if: folder != nil, "set CROSSFIRE_ROUTES to what scripts/check_routes.py wrote"),
    arguments: files)
  func agree(_ file: String) throws {
    let folder = try #require(Self.folder)
    let parts = file.split(separator: ".").map(String.init)
    let answers = try SafetensorsFile(
      folder.appending(path: "\(parts[0]).\(parts[1]).answers"))
    let isWeights = ["pth", "safetensors"].contains(parts[2])
    let (images, labels) = (try answers.tensor("images"), try answers.tensor("labels"))
    let logits = try answers.tensor("logits")
    let weights =
      isWeights ? #", "architecture": "\#(parts[0])", "classes": \#(logits.shape[1])"# : ""
    let notes = try ModelNotes(
      json: #"{"input": "3x\#(images.shape[2])x\#(images.shape[3])"\#(weights)}"#)
    let model = try LoadedModel(folder.appending(path: file), notes: notes)
    let variable = images.tracked
    let found = model.classifier.logits(variable)
    let gradient = found.crossEntropy(labels).sum().gradient(of: variable)
    let expected = try answers.tensor("gradient")
    func fgsm(_ gradient: Tensor) -> Tensor {
      (images + gradient.sign * (8.0 / 255)).clamped(to: 0...1)
    }
    let same = (fgsm(gradient) - fgsm(expected)).absolute.isLess(than: 1e-6)
    let share = same.to(.float32).mean().scalar
    let errors = (relativeError(found.detached, logits), relativeError(gradient, expected))
    // The difference between PyTorch's own gradients in float32 and in float64. Where ReLU turns
    // numbers on and off, rounding alone can move a gradient by more than 1e-4.
    let exact = try answers.tensor("exact")
    let own = relativeError(exact, expected)
    let ownShare = (fgsm(exact) - fgsm(expected)).absolute.isLess(than: 1e-6).to(.float32).mean()
    print(
      "\(file): logits \(errors.0), gradient \(errors.1) (PyTorch \(own)), "
        + "same pixels \(share) (PyTorch \(ownShare.scalar))")
    #expect(errors.0 < 1e-4)
    #expect(errors.1 < max(1e-4, 2 * own))
    #expect(share >= min(0.995, 2 * ownShare.scalar - 1))
  }
}
