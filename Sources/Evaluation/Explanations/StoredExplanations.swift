import Datasets
import Explanations
import Foundation
import ModelCore
import Support

/// The explanations of a model for the first examples, and the file that keeps them for the report,
/// `explanations/<model>.safetensors`.
///
/// The file's tensors are `image`, float32 `[m, C, H, W]` or `[m, D]`, and `contribution`, float32
/// `[methods, m, P]`: the contribution of each pixel, whose channels are added up, or feature.
public struct StoredExplanations: Sendable {
  public let model: ExplainedModel
  public let examples: [Example]
  /// The valid range of the images' values.
  public let valueRange: ClosedRange<Double>
  /// Whether the rows are texts: at least nine tenths of the values are 0.
  public let isText: Bool
  public let images: Tensor
  public let contributions: Tensor

  /// An explained example.
  public struct Example: Codable, Equatable, Sendable {
    /// Its place in the data set.
    public let index: Int
    public let label: String
    public let predicted: String
    /// The probability of the predicted class.
    public let probability: Double
    /// The features with the largest contributions by each method, the largest first. Of a text only
    /// words that it has are listed.
    public let features: [[Feature]]
  }

  /// A feature with its contribution.
  public struct Feature: Codable, Equatable, Sendable {
    /// The place of the feature in a row, or of the pixel, row by row.
    public let place: Int
    /// The name of a column or word, or the coordinates of a pixel.
    public let name: String
    public let value: Float
    public let contribution: Float
    /// Whether the data's masks mark the feature, at least in half.
    public let isMasked: Bool
  }

  private struct Header: Codable {
    var format = 1
    let model: ExplainedModel
    let examples: [Example]
    let valueRange: ClosedRange<Double>
    let isText: Bool
  }

  public init(
    model: ExplainedModel, examples: [Example], valueRange: ClosedRange<Double>, isText: Bool,
    images: Tensor, contributions: Tensor
  ) {
    self.model = model
    self.examples = examples
    self.valueRange = valueRange
    self.isText = isText
    self.images = images
    self.contributions = contributions
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let header = try encoder.encode(
      Header(model: model, examples: examples, valueRange: valueRange, isText: isText))
    try SafetensorsFile.write(
      [("image", images.contiguous), ("contribution", contributions.contiguous)],
      metadata: ["crossfire": String(decoding: header, as: UTF8.self)], to: url)
  }

  /// Reads a file.
  /// - Parameter request: the request that the explanations must belong to.
  /// - Returns: nil if the file is missing or damaged, or belongs to another request.
  init?(_ url: URL, request: String) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let file = try? SafetensorsFile(url), let text = file.metadata["crossfire"],
      let header = try? decoder.decode(Header.self, from: Data(text.utf8)), header.format == 1,
      header.model.request == request,
      let images = try? file.tensor("image"),
      let contributions = try? file.tensor("contribution"), [2, 4].contains(images.rank),
      images.type == .float32, contributions.type == .float32, images.shape.allSatisfy({ $0 > 0 }),
      images.shape[0] == header.examples.count,
      header.examples.allSatisfy({ $0.features.count == header.model.methods.count })
    else { return nil }
    let places = images.rank == 4 ? images.shape[2] * images.shape[3] : images.shape[1]
    guard contributions.shape == [header.model.methods.count, header.examples.count, places] else {
      return nil
    }
    self.init(
      model: header.model, examples: header.examples, valueRange: header.valueRange,
      isText: header.isText, images: images, contributions: contributions)
  }

  /// The explanations of a model that a grid tells of; nil if the run folder has none, or has those
  /// of another request.
  public static func stored(for model: ExplainedModel, in folder: URL) -> StoredExplanations? {
    StoredExplanations(
      RunFolder.explanations(model.model, in: folder), request: model.request)
  }
}

extension [StoredExplanations] {
  /// The features with the largest contributions as a table, `explanations.csv`.
  func csv() -> String {
    var table = CSV(
      header: "model,index,label,predicted,method,rank,feature,name,value,contribution,masked")
    for part in self {
      for example in part.examples {
        for (method, features) in zip(part.model.methods, example.features) {
          for (rank, feature) in features.enumerated() {
            table.append([
              part.model.model, "\(example.index)", example.label, example.predicted, method.name,
              "\(rank + 1)", "\(feature.place)", feature.name, Double(feature.value).sixDigits,
              Double(feature.contribution).sixDigits, "\(feature.isMasked)",
            ])
          }
        }
      }
    }
    return table.text
  }
}
