import Datasets
import ModelCore

/// The explanation of a picture on one page: the picture, the contributions of its pixels, and the
/// contributions on the picture, with a legend that says in words what the colours mean.
struct ContributionPanel {
  private static let gap = 10
  /// The smallest side of a picture on the page; smaller pictures are enlarged without smoothing.
  private static let side = 224

  /// - Parameter contributions: one for each pixel, row by row.
  static func drawn(
    _ example: ExplainedExample, _ legend: ContributionLegend, _ contributions: [Float]
  ) -> Picture {
    let picture = example.picture
    let (height, width) = (picture.shape.height, picture.shape.width)
    let limit = ContributionColors.limit(contributions)
    let enlarged = max(1, side / max(height, width))
    let tiles = [
      ("picture", picture),
      (
        "contributions",
        ContributionColors.map(contributions, limit: limit, height: height, width: width)
      ),
      ("on the picture", ContributionColors.overlay(contributions, limit: limit, on: picture)),
    ].map { ($0.0, $0.1.enlarged(enlarged)) }
    let (tall, wide) = (height * enlarged, max(width * enlarged, 168))
    let page = 3 * wide + 4 * gap
    let scale = 2
    let line = BitmapFont.line * scale
    let inner = page - 2 * gap
    let head = [example.caption, legend.method].flatMap {
      Canvas.lines($0, width: inner, scale: scale)
    }
    let isZero = contributions.allSatisfy { $0 == 0 }
    let strength =
      isZero ? "No pixel contributes." : "Full colour: \(limit.short) or more per pixel."
    let foot = [legend.sentence, strength].flatMap {
      Canvas.lines($0, width: inner, scale: scale)
    }
    let top = gap + head.count * line + gap / 2
    let bottom = top + line + tall + gap
    var canvas = Canvas(
      width: page, height: bottom + line + foot.count * line + gap, color: [255, 255, 255])
    for (place, text) in head.enumerated() {
      canvas.write(text, x: gap, y: gap + place * line, scale: scale)
    }
    for (place, tile) in tiles.enumerated() {
      let x = gap + place * (wide + gap)
      canvas.write(tile.0, x: x, y: top, scale: scale)
      let y = top + line
      let frame = (tile.1.shape.width, tile.1.shape.height)
      canvas.fill(
        x: x - 1, y: y - 1, width: frame.0 + 2, height: frame.1 + 2, color: [200, 200, 200])
      canvas.put(tile.1, x: x, y: y)
    }
    _ = canvas.drawScale(x: gap, y: bottom, scale: scale)
    for (place, text) in foot.enumerated() {
      canvas.write(text, x: gap, y: bottom + (place + 1) * line, scale: scale)
    }
    return canvas.picture
  }
}
