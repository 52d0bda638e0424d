import Datasets
import Evaluation
import ImageSets
import ModelCore

/// Where the reasons of models lie in the pictures of the training data: one map for each model, side
/// by side. A pixel is the darker, the more often the prediction depends on it more than on most
/// others.
struct ReasonSheet {
  private let maps: [ReasonMap]
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
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height,
      largestScale: SmallPictures.scale(maps[0].width ?? 1))
  }

  private func draw() -> Picture {
    let width = maps[0].width ?? 1
    let height = maps[0].shares.count / width
    let shape = InputShape(channels: 3, height: height, width: width)
    let row = maps.map { map in
      let most = max(map.shares.max() ?? 0, 1e-9)
      let pixels = (0..<3).flatMap { channel in
        map.shares.map { share in
          let (low, high) = (Self.lightest[channel], Self.darkest[channel])
          return UInt8((low + (high - low) * share / most).rounded())
        }
      }
      return Picture(shape: shape, pixels: pixels)
    }
    return PictureGrid.drawn([row], gap: SmallPictures.gap(width))
  }
}

/// The layout of pictures side by side that may have few pixels.
private enum SmallPictures {
  /// The space between two pictures that are so many pixels wide.
  static func gap(_ width: Int) -> Int { min(2, max(1, width / 14)) }

  /// The largest number of screen pixels for a pixel of them.
  static func scale(_ width: Int) -> Int { max(1, 160 / max(1, width)) }
}

/// Test images on which models with different explanations disagree, and the gradients of each model
/// at them, in the colours of `crossfire explain`.
struct DisagreementSheet {
  private let pictures: DisagreementPictures

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
        The top row shows \(indices.count == 1 ? "test image" : "the test images") \
        \(listed(indices))\(indices.count == 1 ? "" : ", in the order of the table"). Each row below \
        it shows one model's gradients of the certainty of its prediction, in the order \
        \(listed(models)). Where a pixel is orange, raising its value\
        \(pictures.images.shape[1] == 1 ? "" : " in all colour channels") makes the model more \
        certain; where it is blue, less certain; where it is white, neither. Each picture has its own \
        scale, up to the 99th percentile of the magnitudes.
        """,
      alt: "\(counted(indices.count, "test image")) and the gradients of \(listed(models))",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height,
      largestScale: SmallPictures.scale(pictures.images.shape[3]))
  }

  private func draw() -> Picture {
    let images = pictures.images
    let shape = InputShape(
      channels: images.shape[1], height: images.shape[2], width: images.shape[3])
    let bytes = Quantization.bytes(images, range: pictures.valueRange)
    let maps = (0..<pictures.gradients.shape[0]).map { model in
      (0..<images.shape[0]).map { map(model, $0, shape) }
    }
    return PictureGrid.drawn(
      [PictureGrid.row(bytes)] + maps, gap: SmallPictures.gap(shape.width),
      background: [221, 225, 230])
  }

  /// The gradient of a model at an image, added up over the channels.
  private func map(_ model: Int, _ column: Int, _ shape: InputShape) -> Picture {
    let values = pictures.gradients.select(0, model).select(0, column).sum([0]).contiguous.floats()
    return ContributionColors.map(
      values, limit: ContributionColors.limit(values), height: shape.height, width: shape.width)
  }
}
