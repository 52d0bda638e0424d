import Datasets
import Evaluation
import ImageSets
import ModelCore

/// Where the reasons of models lie in the pictures of the training data: one map for each model, side
/// by side. A pixel is the darker, the more often the prediction depends on it more than on most
/// others.
struct ReasonSheet {
  private let maps: [ReasonMap]
  private static let gap = 2
  /// The colours of the shares 0 and 1, as in `HeatMap`.
  private static let (lightest, darkest) = ([247.0, 251, 255], [8.0, 48, 107])

  /// - Returns: nil without maps, and for rows of a table.
  init?(_ maps: [ReasonMap]) {
    guard let first = maps.first, let width = first.width, width > 0,
      maps.allSatisfy({
        $0.width == width && $0.shares.count == first.shares.count && !$0.shares.isEmpty
          && $0.shares.count % width == 0
      })
    else { return nil }
    self.maps = maps
  }

  func sheet() throws -> ImageSheet {
    let picture = draw()
    let models = listed(maps.map(\.model))
    return ImageSheet(
      title: "Where the explanations lie",
      caption: """
        One picture for each model, from left to right: \(models). The darker a pixel, the larger the \
        share of the training images in which the model's gradient at this pixel is large. The \
        darkest pixels have the share \
        \(listed(maps.map { "\(percent($0.shares.max() ?? 0))%" })).
        """,
      alt: "Maps of the pixels on which \(models) rely",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height)
  }

  private func draw() -> Picture {
    let width = maps[0].width ?? 1
    let height = maps[0].shares.count / width
    var canvas = Canvas(
      width: maps.count * (width + Self.gap) - Self.gap, height: height, color: [255, 255, 255])
    for (number, map) in maps.enumerated() {
      let most = max(map.shares.max() ?? 0, 1e-9)
      let pixels = (0..<3).flatMap { channel in
        map.shares.map { share in
          let (low, high) = (Self.lightest[channel], Self.darkest[channel])
          return UInt8((low + (high - low) * share / most).rounded())
        }
      }
      canvas.put(
        Picture(shape: InputShape(channels: 3, height: height, width: width), pixels: pixels),
        x: number * (width + Self.gap), y: 0)
    }
    return canvas.picture
  }
}

/// Test images on which models with different explanations disagree, and the gradients of each model
/// at them.
struct DisagreementSheet {
  private let pictures: DisagreementPictures
  private static let gap = 2

  /// - Returns: nil for images that cannot be drawn.
  init?(_ pictures: DisagreementPictures) {
    guard pictures.images.canBeDrawn else { return nil }
    self.pictures = pictures
  }

  func sheet() throws -> ImageSheet {
    let picture = draw()
    let models = pictures.disagreements.models
    let indices = pictures.disagreements.examples.map { "\($0.index)" }
    return ImageSheet(
      title: "Images on which the models disagree",
      caption: """
        The top row shows the test images \(listed(indices)), in the order of the table. Each row \
        below it shows one model's gradients of the certainty of its prediction, in the order \
        \(listed(models)). Where a pixel is white, raising its value makes the model more certain; \
        where it is black, less certain. Each picture has its own scale, up to the 99th percentile of \
        the magnitudes.
        """,
      alt: "\(indices.count) test images and the gradients of \(listed(models)) at them",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height)
  }

  private func draw() -> Picture {
    let images = pictures.images
    let shape = InputShape(
      channels: images.shape[1], height: images.shape[2], width: images.shape[3])
    let rows =
      [Quantization.bytes(images, range: pictures.valueRange)]
      + (0..<pictures.gradients.shape[0]).map {
        GradientSheet.shades(pictures.gradients.select(0, $0))
      }
    let (width, height) = (shape.width + Self.gap, shape.height + Self.gap)
    var canvas = Canvas(
      width: images.shape[0] * width - Self.gap, height: rows.count * height - Self.gap,
      color: [255, 255, 255])
    for (row, values) in rows.enumerated() {
      for column in 0..<images.shape[0] {
        canvas.put(
          Picture(shape: shape, pixels: values.select(0, column).contiguous.bytes()),
          x: column * width, y: row * height)
      }
    }
    return canvas.picture
  }
}
