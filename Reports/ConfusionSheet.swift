import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore
import Support

/// The examples of one source model from an attack that aims at every class in turn.
///
/// A row shows the first image of a class, a column the examples that aim at one target class, and
/// the diagonal the unchanged images. A frame marks each example that the source model classifies
/// as its target. The sheet has the form of figures 20 and 21 of A. Ross, "Training Machine
/// Learning Models by Regularizing their Explanations" (2018).
struct ConfusionSheet {
  private let set: ExampleSet
  private let grid: Grid
  private let budget: Int
  private let classes: Int
  private static let gap = 2
  private static let frame = 2
  private static let mostClasses = 10

  /// - Parameter grid: the grid of the examples, which says what its budgets mean.
  /// - Returns: nil for examples that do not aim at every other class in turn, and for rows of a
  ///   table, which cannot be drawn.
  init?(_ set: ExampleSet, _ grid: Grid) {
    guard set.original.canBeDrawn else { return nil }
    let targets = Dictionary(grouping: set.label.int64s().indices) { set.index.int64s()[$0] }
      .mapValues(\.count)
    classes = min(Self.mostClasses, set.origin.classNames.count)
    guard let most = targets.values.max(), most > 1, most >= classes - 1 else { return nil }
    self.set = set
    self.grid = grid
    guard let middle = set.origin.middleBudget else { return nil }
    budget = middle
  }

  /// The sheet with its caption.
  func sheet() throws -> ImageSheet {
    let picture = draw()
    let origin = set.origin
    let names = origin.classNames.prefix(classes).joined(separator: ", ")
    return ImageSheet(
      title: "\(origin.attack) on \(origin.source), towards every class", group: origin.attack,
      caption: """
        Rows: the first image of each class. Columns: the target class. Both are in the order \
        \(names). The diagonal shows the unchanged images. An orange frame marks an example that \
        the source model classifies as its target. Budget: \(grid.budgetLabel(origin.attack, origin.epsilons[budget])).
        """,
      alt: "A table of \(origin.attack) examples made on \(origin.source), by class and target",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height,
      columnLabels: Array(origin.classNames.prefix(classes)),
      rowLabels: Array(origin.classNames.prefix(classes)))
  }

  private func draw() -> Picture {
    let shape = InputShape(
      channels: set.original.shape[1], height: set.original.shape[2], width: set.original.shape[3])
    let (width, height) = (
      shape.width + 2 * Self.frame + Self.gap, shape.height + 2 * Self.frame + Self.gap
    )
    var canvas = Canvas(
      width: classes * width - Self.gap, height: classes * height - Self.gap,
      color: PictureGrid.paper)
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
