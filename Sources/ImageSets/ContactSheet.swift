import Datasets
import ModelCore

/// An overview of a set: up to a hundred pictures of one size on one page, ten in a row, each with
/// two lines of text below it.
///
/// Small pictures are enlarged without smoothing, so that people can judge them.
struct ContactSheet {
  static let most = 100
  /// The least width of a picture on the page, in pixels.
  static let leastWidth = 144
  private static let gap = 8
  private static let scale = 2
  private static let ink: [UInt8] = [34, 34, 34]
  private static let highlight: [UInt8] = [176, 32, 32]

  /// What stands above the pictures.
  let title: String
  private var entries: [Entry] = []

  private struct Entry {
    let picture: Picture
    let caption: [String]
    let isHighlighted: Bool
  }

  init(title: String) { self.title = title }

  var isEmpty: Bool { entries.isEmpty }

  /// Adds a picture; the page ignores it once it has a hundred.
  /// - Parameters:
  ///   - caption: at most two lines, which are shortened if they are wider than the picture.
  ///   - isHighlighted: whether the second line is red.
  mutating func add(_ picture: Picture, _ caption: [String], isHighlighted: Bool = false) {
    guard entries.count < Self.most else { return }
    let factor = max(1, (Self.leastWidth + picture.shape.width - 1) / picture.shape.width)
    entries.append(
      Entry(
        picture: picture.enlarged(factor), caption: Array(caption.prefix(2)),
        isHighlighted: isHighlighted))
  }

  /// The page, with the pictures in the order in which they were added.
  /// - Precondition: at least one picture was added.
  func drawn() -> Picture {
    let line = BitmapFont.line * Self.scale
    let shape = entries[0].picture.shape
    let width = shape.width + Self.gap
    let height = shape.height + 2 * line + Self.gap
    let columns = min(10, entries.count)
    let rows = (entries.count + columns - 1) / columns
    let top = line + Self.gap
    var canvas = Canvas(
      width: columns * width + Self.gap, height: top + rows * height + Self.gap,
      color: [255, 255, 255])
    func write(_ text: String, x: Int, y: Int, most: Int, color: [UInt8]) {
      let letters = most / (BitmapFont.advance * Self.scale)
      canvas.write(
        Canvas.shortened(text, to: letters), x: x, y: y, scale: Self.scale, color: color)
    }
    write(title, x: Self.gap, y: Self.gap, most: canvas.width - Self.gap, color: Self.ink)
    for (place, entry) in entries.enumerated() {
      let (x, y) = (Self.gap + place % columns * width, top + Self.gap + place / columns * height)
      canvas.put(entry.picture, x: x, y: y)
      for (number, text) in entry.caption.enumerated() {
        write(
          text, x: x, y: y + shape.height + 4 + number * line, most: shape.width,
          color: number == 1 && entry.isHighlighted ? Self.highlight : Self.ink)
      }
    }
    return canvas.picture
  }
}
