import Datasets

extension LabelledImages {
  /// The name of a feature: its column or word, or the coordinates of a pixel from the upper left.
  /// - Parameter place: the place of the feature in a row, or of the pixel, row by row.
  package func featureName(_ place: Int) -> String {
    guard shape.isPicture else { return featureNames?[place] ?? "feature \(place)" }
    return "x \(place % shape.width) y \(place / shape.width)"
  }
}
