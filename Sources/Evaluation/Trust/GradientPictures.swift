import Datasets
import Foundation
import ModelCore
import Support

/// A model's input gradients at the first image of each class, and the file that keeps them for
/// figures.
///
/// The file's tensors are `image`, the images x, and `gradient`, ∇ₓ CE(y, f(x)) for the label y,
/// both float32 `[m, C, H, W]`, or `[m, D]` for rows of a table; and `label`, int64 `[m]`.
public struct GradientPictures: Sendable {
  public let model: String
  /// The valid range of the images' values.
  public let valueRange: ClosedRange<Double>
  /// float32 `[m, C, H, W]` or `[m, D]`
  public let images: Tensor
  /// Of the shape of the images.
  public let gradients: Tensor
  /// The m labels.
  public let labels: [Int]

  private static let classesShown = 10

  /// Computes the gradients.
  /// - Parameters:
  ///   - contestant: the model.
  ///   - data: labelled images in the model's input shape. Classes beyond the tenth are left out.
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
    }.to(.cpu)
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

  /// Reads a file.
  /// - Parameter request: the request that the gradients must belong to; nil accepts any.
  /// - Returns: nil if the file is missing or damaged, or belongs to another request.
  init?(_ url: URL, request: String? = nil) {
    guard let file = try? SafetensorsFile(url), let text = file.metadata["crossfire"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.format == 1,
      request.map({ $0 == header.request }) ?? true,
      let images = try? file.tensor("image"), let gradients = try? file.tensor("gradient"),
      let labels = try? file.tensor("label"), [2, 4].contains(images.rank), images.type == .float32,
      gradients.type == .float32,
      gradients.shape == images.shape, labels.shape == [images.shape[0]], labels.type == .int64
    else { return nil }
    (self.images, self.gradients, self.labels) = (images, gradients, labels.int64s().map(Int.init))
    (model, valueRange) = (header.model, header.valueRange)
  }

  /// The gradients of a model that are stored in a run folder; nil if there are none.
  public static func stored(for model: String, in folder: URL) -> GradientPictures? {
    GradientPictures(RunFolder.gradients(model, in: folder))
  }
}
