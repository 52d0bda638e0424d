import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// Pictures of test examples on which models disagree, with the explanation of each model, and the
/// file that keeps them for the report, `another/disagreements.safetensors`.
///
/// The file's tensors are `image`, float32 `[m, C, H, W]`, and `gradient`, float32
/// `[models, m, C, H, W]`: the gradient of the log-odds of the class that the model predicts.
public struct DisagreementPictures: Sendable {
  /// The examples, in the order of the images.
  public let disagreements: Disagreements
  /// The valid range of the images' values.
  public let valueRange: ClosedRange<Double>
  public let images: Tensor
  public let gradients: Tensor

  /// - Parameters:
  ///   - disagreements: the examples that are shown.
  ///   - models: all models of the search.
  /// - Returns: nil if there are no such examples, or if they are rows of a table.
  init?(_ disagreements: Disagreements, of models: [Contestant], on test: LabelledImages) {
    guard test.shape.isPicture, !disagreements.examples.isEmpty else { return nil }
    let images = test.batch(at: Tensor(labels: disagreements.examples.map(\.index))).images
    let shown = disagreements.models.compactMap { name in models.first { $0.name == name } }
    self.disagreements = disagreements
    valueRange = test.valueRange
    self.images = images
    gradients = Tensor.stack(
      shown.map { $0.classifier.predictionGradients(at: images.to($0.classifier.device)).to(.cpu) })
  }

  private struct Header: Codable {
    var format = 1
    let disagreements: Disagreements
    let valueRange: ClosedRange<Double>
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let header = try encoder.encode(Header(disagreements: disagreements, valueRange: valueRange))
    try SafetensorsFile.write(
      [("image", images.contiguous), ("gradient", gradients.contiguous)],
      metadata: ["crossfire": String(decoding: header, as: UTF8.self)], to: url)
  }

  /// The pictures of the examples that a grid shows; nil if the folder has none, or has those of
  /// other examples.
  public static func stored(
    for shown: Disagreements, in folder: URL
  ) -> DisagreementPictures? {
    guard let file = try? SafetensorsFile(RunFolder.disagreements(in: folder)),
      let text = file.metadata["crossfire"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.format == 1, header.disagreements == shown,
      let images = try? file.tensor("image"), let gradients = try? file.tensor("gradient"),
      images.rank == 4, images.type == .float32, gradients.type == .float32,
      images.shape[0] == shown.examples.count,
      gradients.shape == [shown.models.count] + images.shape
    else { return nil }
    return DisagreementPictures(
      disagreements: shown, valueRange: header.valueRange, images: images, gradients: gradients)
  }

  private init(
    disagreements: Disagreements, valueRange: ClosedRange<Double>, images: Tensor,
    gradients: Tensor
  ) {
    self.disagreements = disagreements
    self.valueRange = valueRange
    self.images = images
    self.gradients = gradients
  }
}

/// Where the reasons of a model lie in pictures: the share of the training images in which each pixel
/// is one.
public struct ReasonMap: Equatable, Sendable {
  public let model: String
  /// One number from 0 to 1 for each pixel, row by row, or for each feature of a row.
  public let shares: [Double]
  /// The number of columns of a picture; nil for rows of a table.
  public let width: Int?

  public init(model: String, shares: [Double], width: Int?) {
    self.model = model
    self.shares = shares
    self.width = width
  }

  /// The map of a model that is stored in a run folder; nil if there is none.
  public static func stored(for model: String, in folder: URL) -> ReasonMap? {
    guard let file = OtherModelFile.read(RunFolder.another(model, in: folder)),
      file.model?.model == model
    else { return nil }
    return ReasonMap(model: model, shares: file.map, width: file.width)
  }
}
