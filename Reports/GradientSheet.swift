import Datasets
import Evaluation
import ImageSets
import ModelCore

/// Input gradients as pictures. The top row shows the first image of each class, and each row below
/// it shows the gradients of one model's loss at these images.
///
/// Grey is zero. White is positive: raising the pixel's value raises the loss. Black is negative.
/// Each gradient has its own scale, whose ends are the 99th percentile of its magnitudes, so that
/// the shapes of gradients of different sizes can be compared. A gradient that is exactly zero
/// stays grey. The sheet has the form of figure 22 of A. Ross, "Training Machine Learning Models by
/// Regularizing their Explanations" (2018).
struct GradientSheet {
  private let pictures: [GradientPictures]

  /// - Parameter pictures: the gradients of each model at the same images.
  /// - Returns: nil without models, if their images differ, and for rows of a table, which cannot
  ///   be drawn.
  init?(_ pictures: [GradientPictures]) {
    guard let first = pictures.first, !first.labels.isEmpty, first.images.canBeDrawn,
      pictures.allSatisfy({ $0.images.shape == first.images.shape && $0.labels == first.labels })
    else { return nil }
    self.pictures = pictures
  }

  /// The sheet with its caption.
  func sheet() throws -> ImageSheet {
    let picture = draw()
    let models = listed(pictures.map(\.model))
    return ImageSheet(
      title: "Input gradients",
      caption: """
        The top row shows the images. Each row below it shows the gradients of one model's loss, \
        in the order \(models). Where a pixel is white, raising its value raises the loss; where \
        it is black, raising its value lowers the loss. Each picture has its own scale, up to the \
        99th percentile of the magnitudes. Plain grey is a gradient of exactly zero.
        """,
      alt: "Input gradients of \(models) at \(pictures[0].labels.count) images",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height,
      rowLabels: ["images"] + pictures.map(\.model))
  }

  private func draw() -> Picture {
    let first = pictures[0]
    let images = Quantization.bytes(first.images, range: first.valueRange)
    return PictureGrid.drawn(
      ([images] + pictures.map { Self.shades($0.gradients) }).map(PictureGrid.row))
  }

  /// Gradients `[m, C, H, W]` as uint8 of the same shape: 128 is zero, and 1 and 255 are the 99th
  /// percentile of the magnitudes of each image's gradient.
  static func shades(_ gradients: Tensor) -> Tensor {
    let count = gradients.shape.dropFirst().reduce(1, *)
    let magnitudes = gradients.absolute.reshaped([-1, count])
    let top = magnitudes.topK(max(1, count / 100), 1).values.min([1]).reshaped([-1, 1, 1, 1])
    // If fewer than one pixel in a hundred is not zero, the percentile is zero. The largest
    // magnitude takes its place, so that these pixels still show.
    let largest = magnitudes.max([1]).reshaped([-1, 1, 1, 1])
    let scale = top.isGreater(than: 0).choose(top, else: largest).maximum(1e-38)
    return ((gradients / scale).clamped(to: -1...1) * 127 + 128).rounded.to(.uint8)
  }
}
