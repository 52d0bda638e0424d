import Datasets
import Foundation
import ModelCore
import Support

/// A model's input gradients at the first image of each class, as a file that figures are drawn
/// from.
///
/// Tensors: `image` and `gradient`, ∇ₓ CE(y, f(x)) for its label y, float32 `[m, C, H, W]`; `label`
/// int64 `[m]`.
public struct GradientPictures: Sendable {
  public let model: String
  public let valueRange: ClosedRange<Double>
  public let images: Tensor
  public let gradients: Tensor
  public let labels: [Int]

  private static let classesShown = 10

  /// - Parameter data: labelled images that the model takes; classes beyond the tenth are left out.
  public init(of contestant: Contestant, on data: LabelledImages) {
    let classifier = contestant.classifier
    let all = data.labels.int64s()
    let places = (0..<min(Self.classesShown, data.classCount)).compactMap { label in
      all.firstIndex(of: Int64(label))
    }
    let batch = data.batch(at: Tensor(labels: places))
    let labels = batch.labels.to(classifier.device)
    model = contestant.name
    valueRange = classifier.valueRange
    images = batch.images.to(.cpu)
    gradients = classifier.inputGradient(at: batch.images.to(classifier.device)) {
      $0.crossEntropy(labels).sum()
    }.to(
      .cpu)
    self.labels = batch.labels.int64s().map(Int.init)
  }

  private struct Header: Codable {
    var format = 1
    let request: String
    let model: String
    let valueRange: ClosedRange<Double>
  }

  func write(request: String, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let header = try encoder.encode(Header(request: request, model: model, valueRange: valueRange))
    try SafetensorsFile.write(
      [("image", images), ("gradient", gradients), ("label", Tensor(labels: labels))],
      metadata: ["crossfire": String(decoding: header, as: UTF8.self)], to: url)
  }

  /// What a file holds of a request, or of any; nil if there is none, or it is another request's,
  /// or not sound.
  init?(_ url: URL, request: String? = nil) {
    guard let file = try? SafetensorsFile(url), let text = file.metadata["crossfire"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.format == 1,
      request.map({ $0 == header.request }) ?? true,
      let images = try? file.tensor("image"), let gradients = try? file.tensor("gradient"),
      let labels = try? file.tensor("label"), images.rank == 4, images.type == .float32,
      gradients.type == .float32,
      gradients.shape == images.shape, labels.shape == [images.shape[0]], labels.type == .int64
    else { return nil }
    (self.images, self.gradients, self.labels) = (images, gradients, labels.int64s().map(Int.init))
    (model, valueRange) = (header.model, header.valueRange)
  }

  /// What a run's folder holds of a model.
  public static func stored(for model: String, in folder: URL) -> GradientPictures? {
    GradientPictures(RunFolder.gradients(model, in: folder))
  }
}
