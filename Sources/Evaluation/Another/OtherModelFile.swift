import Foundation
import Support

/// What is stored about a model of a search for other explanations, `another/<model>.json`, so that
/// a continued run need not measure it again.
struct OtherModelFile: Codable, Equatable {
  private static let format = 1

  private(set) var format = OtherModelFile.format
  /// The digest of everything that the content depends on.
  let request: String
  /// The model; nil if it does not exist.
  let model: OtherModel?
  /// The name of the model after which the search stopped, so that this one does not exist.
  let stoppedAfter: String?
  /// The share of the training images in which each feature or pixel is a reason
  /// (`ReasonMeasurement.map`).
  let map: [Double]
  /// The number of columns of the map of a picture; nil for rows of a table.
  let width: Int?
  /// The class that the model predicts for each test image; −1 where a logit is not a number.
  let predictions: [Int]

  init(
    request: String, model: OtherModel? = nil, stoppedAfter: String? = nil, map: [Double] = [],
    width: Int? = nil, predictions: [Int] = []
  ) {
    self.request = request
    self.model = model
    self.stoppedAfter = stoppedAfter
    self.map = map
    self.width = width
    self.predictions = predictions
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(self) + Data("\n".utf8), to: url)
  }

  /// Reads a file.
  /// - Parameter request: the request that it must belong to; nil accepts any.
  /// - Returns: nil if the file is missing, damaged, or belongs to another request.
  static func read(_ url: URL, request: String? = nil) -> OtherModelFile? {
    guard let data = try? Data(contentsOf: url),
      let file = try? JSONDecoder().decode(OtherModelFile.self, from: data), file.format == format,
      request.map({ $0 == file.request }) ?? true
    else { return nil }
    return file
  }
}
