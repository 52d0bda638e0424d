import Datasets
import Evaluation
import ImageSets
import ModelCore
import Support

/// The examples of one source model side by side.
///
/// Each row shows an image and its examples by ascending budget, which the columns name. A frame marks each example that
/// fools the source model. The last column shows the perturbation within the middle budget; grey
/// stands for no change.
public struct ExampleSheet {
  private let set: ExampleSet
  private let grid: Grid
  private let rows: [Int]
  private static let gap = 2
  private static let frame = 3
  static let fooledColor: [UInt8] = [213, 94, 0]

  /// A sheet of the first image of each class, at most ten.
  /// - Parameter grid: the grid of the examples, which says what its budgets mean.
  /// - Returns: nil for rows of a table, which cannot be drawn, and for images with other than one
  ///   or three channels.
  public init?(_ set: ExampleSet, _ grid: Grid) {
    guard set.original.canBeDrawn else { return nil }
    self.set = set
    self.grid = grid
    let labels = set.label.int64s()
    var seen: Set<Int64> = []
    rows = Array(
      labels.indices.filter { seen.insert(labels[$0]).inserted }.sorted { labels[$0] < labels[$1] }
        .prefix(10))
  }

  /// The sheet with its caption.
  public func sheet() throws -> ImageSheet {
    let picture = draw()
    let targeted = set.target.max().scalar >= 0
    let fooled =
      targeted ? "classifies as its target" : "no longer classifies as its true label"
    let labels = grid.columnLabels(origin.attack, origin.epsilons)
    let budgets = labels.map(\.full).joined(separator: ", ")
    let perturbation =
      origin.middleBudget.map { budget in
        " Right: the perturbation at \(labels[budget].full), grey where nothing changes."
      } ?? ""
    return ImageSheet(
      title: "\(origin.attack) on \(origin.source)", group: origin.attack,
      caption: """
        Left: the unchanged image. Then its examples at \(budgets). An orange frame marks an \
        example that the source model \(fooled).\(perturbation)
        """,
      alt: """
        \(rows.count) images of \(origin.data) and their \(origin.attack) examples made on \
        \(origin.source) at \(budgets)
        """,
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height,
      columnLabels: ["clean"] + labels.map(\.short)
        + (origin.middleBudget == nil ? [] : ["change"]))
  }

  private func draw() -> Picture {
    let range = set.origin.valueRange
    let side = (height: set.original.shape[2], width: set.original.shape[3])
    let cell = (
      height: side.height + 2 * Self.frame + Self.gap, width: side.width + 2 * Self.frame + Self.gap
    )
    let perturbation = origin.middleBudget.map {
      GradientSheet.shades(set.adversarial[$0] - set.original)
    }
    let columns = 1 + set.adversarial.count + (perturbation == nil ? 0 : 1)
    var canvas = Canvas(
      width: columns * cell.width, height: rows.count * cell.height, color: PictureGrid.paper)
    let fooling = set.adversarial.indices.map(set.fooled)
    let shape = InputShape(channels: set.original.shape[1], height: side.height, width: side.width)
    for (column, images) in ([set.original] + set.adversarial).enumerated() {
      for (row, index) in rows.enumerated() {
        let (x, y) = (column * cell.width, row * cell.height)
        if column > 0 && fooling[column - 1][index] {
          canvas.fill(
            x: x, y: y, width: cell.width - Self.gap, height: cell.height - Self.gap,
            color: Self.fooledColor)
        }
        let bytes = Quantization.bytes(images.select(0, index), range: range).bytes()
        canvas.put(Picture(shape: shape, pixels: bytes), x: x + Self.frame, y: y + Self.frame)
      }
    }
    if let perturbation {
      for (row, index) in rows.enumerated() {
        canvas.put(
          Picture(shape: shape, pixels: perturbation.select(0, index).bytes()),
          x: (columns - 1) * cell.width + Self.frame, y: row * cell.height + Self.frame)
      }
    }
    return canvas.picture
  }

  private var origin: ExampleSet.Origin { self.set.origin }
}

extension Grid {
  /// The names of budgets for the columns of a sheet, and for its caption. Steps of an attack that
  /// goes beyond its budget are named by their number and size: "10×0.1".
  func columnLabels(_ attack: String, _ epsilons: [Double]) -> [(short: String, full: String)] {
    epsilons.map { epsilon in
      let text = budgetText(epsilon)
      let steps =
        reachedBeyond(attack, epsilon) == nil
        ? nil : provenance.attack(attack)?.parameters["steps"]
      return (steps.map { "\($0)×\(text)" } ?? text, budgetLabel(attack, epsilon))
    }
  }
}
