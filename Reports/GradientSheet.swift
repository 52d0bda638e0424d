import Datasets
import Evaluation
import ImageSets
import ModelCore

/// Input gradients as pictures, as in figure 22 of A. Ross, "Training machine learning models by
/// regularizing their explanations" (2018): on top the first image of each class, and under it, a
/// row for each model, the gradient of the model's loss there.
///
/// Grey is zero. White and black are the 99th percentile of each gradient's magnitude and more, so
/// that models whose gradients are of different sizes can be compared by their shape; a gradient
/// that is exactly zero stays grey.
struct GradientSheet {
  private let pictures: [GradientPictures]
  private static let gap = 2

  /// - Returns: nil without models, or if they were not all shown the same images.
  init?(_ pictures: [GradientPictures]) {
    guard let first = pictures.first, !first.labels.isEmpty,
      pictures.allSatisfy({ $0.images.shape == first.images.shape && $0.labels == first.labels })
    else { return nil }
    self.pictures = pictures
  }

  func sheet() throws -> ImageSheet {
    let picture = draw()
    let models = listed(pictures.map(\.model))
    return ImageSheet(
      title: "Input gradients",
      caption:
        "On top the image; under it, in this order, where a change raises the loss of \(models) (white) or lowers it (black). Each "
        + "picture has a scale of its own, up to the 99th percentile; plain grey is a gradient of exactly zero.",
      alt: "Input gradients of \(models) at \(pictures[0].labels.count) images",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height)
  }

  private func draw() -> Picture {
    let first = pictures[0]
    let rows =
      [Quantization.bytes(first.images, range: first.valueRange)]
      + pictures.map { Self.shades($0.gradients) }
    let shape = InputShape(
      channels: first.images.shape[1], height: first.images.shape[2], width: first.images.shape[3])
    let (width, height) = (shape.width + Self.gap, shape.height + Self.gap)
    var canvas = Canvas(
      width: first.labels.count * width - Self.gap, height: rows.count * height - Self.gap,
      color: [255, 255, 255])
    for (row, images) in rows.enumerated() {
      for column in first.labels.indices {
        canvas.put(
          Picture(shape: shape, pixels: images.select(0, column).bytes()), x: column * width,
          y: row * height)
      }
    }
    return canvas.picture
  }

  /// Gradients `[m, C, H, W]` as bytes.
  static func shades(_ gradients: Tensor) -> Tensor {
    let count = gradients.shape.dropFirst().reduce(1, *)
    let magnitudes = gradients.absolute.reshaped([-1, count])
    let top = magnitudes.topK(max(1, count / 100), 1).values.min([1]).reshaped([-1, 1, 1, 1])
    // A gradient with hardly any pixel that is not zero still shows these.
    let largest = magnitudes.max([1]).reshaped([-1, 1, 1, 1])
    let scale = top.isGreater(than: 0).choose(top, else: largest).maximum(1e-38)
    return ((gradients / scale).clamped(to: -1...1) * 127 + 128).rounded.to(.uint8)
  }
}
