import Datasets
import ModelCore

/// An overview of a set: up to a hundred pictures of one size on one page, ten in a row.
struct ContactSheet {
  static let most = 100
  private static let gap = 2
  private var pictures: [Picture] = []

  var isEmpty: Bool { pictures.isEmpty }

  /// Adds a picture; the page ignores it once it has a hundred.
  mutating func add(_ picture: Picture) {
    if pictures.count < Self.most { pictures.append(picture) }
  }

  /// The page, with the pictures in the order in which they were added.
  /// - Precondition: at least one picture was added.
  func drawn() -> Picture {
    let (width, height) = (pictures[0].shape.width + Self.gap, pictures[0].shape.height + Self.gap)
    let columns = min(10, pictures.count)
    let rows = (pictures.count + columns - 1) / columns
    var canvas = Canvas(
      width: columns * width - Self.gap, height: rows * height - Self.gap, color: [255, 255, 255])
    for (place, picture) in pictures.enumerated() {
      canvas.put(picture, x: place % columns * width, y: place / columns * height)
    }
    return canvas.picture
  }
}
