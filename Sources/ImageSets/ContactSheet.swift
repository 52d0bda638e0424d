import Datasets
import ModelCore

/// Up to a hundred pictures of one size on one page, ten in a row, to look over a set at a glance.
struct ContactSheet {
  static let most = 100
  private static let gap = 2
  private var pictures: [Picture] = []

  var isEmpty: Bool { pictures.isEmpty }

  /// Adds a picture, if there is room.
  mutating func add(_ picture: Picture) {
    if pictures.count < Self.most { pictures.append(picture) }
  }

  /// The page.
  /// - Precondition: there is a picture.
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
