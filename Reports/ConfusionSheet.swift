import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore
import Support

/// What one source's images become when the attack aims at every class, as in figures 20 and 21 of
/// A. Ross, "Training machine learning models by regularizing their explanations" (2018): a row for
/// the first image of each class, a column for each target; on the diagonal the images themselves,
/// and a frame around each example that the source takes for its target.
struct ConfusionSheet {
  private let set: ExampleSet
  private let budget: Int
  private let classes: Int
  private static let gap = 2
  private static let frame = 2
  private static let mostClasses = 10

  /// - Returns: nil for examples that are not aimed at every other class in turn.
  init?(_ set: ExampleSet) {
    let targets = Dictionary(grouping: set.label.int64s().indices) { set.index.int64s()[$0] }
      .mapValues(\.count)
    classes = min(Self.mostClasses, set.origin.classNames.count)
    guard let most = targets.values.max(), most > 1, most >= classes - 1 else { return nil }
    self.set = set
    guard let middle = set.origin.middleBudget else { return nil }
    budget = middle
  }

  func sheet() throws -> ImageSheet {
    let picture = draw()
    let origin = set.origin
    let names = origin.classNames.prefix(classes).joined(separator: ", ")
    return ImageSheet(
      title: "\(origin.attack) on \(origin.source), towards every class", group: origin.attack,
      caption:
        "Rows: the first image of each class; columns: the class aimed at, both in the order \(names). Diagonal: the images as they "
        + "are. An orange frame: the source takes it for the target. Budget \(origin.epsilons[budget].plainDecimal).",
      alt: "A table of images by class and target of \(origin.attack) on \(origin.source)",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height)
  }

  private func draw() -> Picture {
    let shape = InputShape(
      channels: set.original.shape[1], height: set.original.shape[2], width: set.original.shape[3])
    let (width, height) = (
      shape.width + 2 * Self.frame + Self.gap, shape.height + 2 * Self.frame + Self.gap
    )
    var canvas = Canvas(
      width: classes * width - Self.gap, height: classes * height - Self.gap,
      color: [255, 255, 255])
    let (labels, targets, indices) = (set.label.int64s(), set.target.int64s(), set.index.int64s())
    let fooled = set.fooled(budget: budget)
    func put(_ images: Tensor, _ example: Int, row: Int, column: Int) {
      let bytes = Quantization.bytes(images.select(0, example), range: set.origin.valueRange)
        .bytes()
      canvas.put(
        Picture(shape: shape, pixels: bytes), x: column * width + Self.frame,
        y: row * height + Self.frame)
    }
    for row in 0..<classes {
      guard let first = labels.firstIndex(of: Int64(row)) else { continue }
      put(set.original, first, row: row, column: row)
      for example in labels.indices where indices[example] == indices[first] {
        let column = Int(targets[example])
        guard column >= 0, column < classes, column != row else { continue }
        if fooled[example] {
          canvas.fill(
            x: column * width, y: row * height, width: width - Self.gap, height: height - Self.gap,
            color: ExampleSheet.fooledColor)
        }
        put(set.adversarial[budget], example, row: row, column: column)
      }
    }
    return canvas.picture
  }
}
