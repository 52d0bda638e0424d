import Datasets
import ModelCore

/// The explanations of the first examples by all methods on one page: a row for each example, a column
/// for each method.
struct ExplanationSheet {
  /// The most examples on a page.
  static let most = 12
  private static let gap = 8
  /// The smallest side of a picture on the page.
  private static let side = 120

  private let methods: [String]
  private var rows: [(caption: String, tiles: [Picture])] = []

  init(methods: [String]) { self.methods = methods }

  var isFull: Bool { rows.count >= Self.most }
  var isEmpty: Bool { rows.isEmpty }

  /// Adds a picture with the contributions of its pixels by each method.
  mutating func add(_ example: ExplainedExample, _ contributions: [[Float]]) {
    let picture = example.picture
    let (height, width) = (picture.shape.height, picture.shape.width)
    let enlarged = max(1, Self.side / max(height, width))
    let maps = contributions.map {
      ContributionColors.map($0, limit: ContributionColors.limit($0), height: height, width: width)
    }
    rows.append((example.caption, ([picture] + maps).map { $0.enlarged(enlarged) }))
  }

  /// Adds a row of a table with the bars of each method.
  mutating func add(_ example: ExplainedExample, bars: [[ContributionBars.Feature]]) {
    let tiles = bars.map { ContributionBars.drawn($0, caption: [], legend: nil, scale: 1) }
    rows.append((example.caption, tiles))
  }

  /// The page.
  /// - Precondition: at least one example was added.
  func drawn() -> Picture {
    let scale = 1
    let line = BitmapFont.line * scale
    let hasPictures = rows[0].tiles.count > methods.count
    let titles = (hasPictures ? ["picture"] : []) + methods
    let widths = titles.indices.map { column in
      max(
        rows.map { $0.tiles[column].shape.width }.max() ?? 0,
        BitmapFont.width(titles[column], scale: scale))
    }
    let heights = rows.map { row in
      line + (row.tiles.map(\.shape.height).max() ?? 0) + Self.gap
    }
    let page = widths.reduce(Self.gap) { $0 + $1 + Self.gap }
    let note =
      "Orange raises the score that a method explains, blue lowers it, white does neither. Each "
      + "picture has its own full colour."
    let foot = Canvas.lines(note, width: page - 2 * Self.gap, scale: scale)
    let start = Self.gap + line + 4
    let end = heights.reduce(start, +)
    var canvas = Canvas(
      width: page, height: end + (foot.count + 1) * line + Self.gap, color: [255, 255, 255])
    var y = start
    for (row, height) in zip(rows, heights) {
      let caption = Canvas.shortened(
        row.caption, to: (page - 2 * Self.gap) / (BitmapFont.advance * scale))
      canvas.write(caption, x: Self.gap, y: y, scale: scale)
      var x = Self.gap
      for (tile, width) in zip(row.tiles, widths) {
        canvas.fill(
          x: x - 1, y: y + line - 1, width: tile.shape.width + 2, height: tile.shape.height + 2,
          color: [216, 216, 216])
        canvas.put(tile, x: x, y: y + line)
        x += width + Self.gap
      }
      y += height
    }
    var x = Self.gap
    for (title, width) in zip(titles, widths) {
      canvas.write(title, x: x, y: Self.gap, scale: scale)
      x += width + Self.gap
    }
    let below = canvas.drawScale(x: Self.gap, y: end, scale: scale)
    for (place, text) in foot.enumerated() {
      canvas.write(text, x: Self.gap, y: end + below + place * line, scale: scale)
    }
    return canvas.picture
  }
}
