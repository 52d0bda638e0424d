import Foundation
import Support

/// A folder with one subfolder of PNG and JPEG files per class, or a folder that holds one such
/// folder per split: `train/`, `val/` (or `validation/`) and `test/`. Without `test/`, the folder
/// `val/` is the test set.
struct PictureFolder: DataFormat {
  static let summary =
    "a folder with one subfolder of PNG or JPEG files per class, "
    + "or one such folder per split, train/ and test/"

  private let folder: URL
  private let preparation: PicturePreparation
  private let places: [Split: URL]
  private let order: ClassOrder?
  private let memory: Int

  init?(_ url: URL, _ settings: Settings) throws {
    try self.init(url, settings, memory: PictureOpening.memory)
  }

  /// - Parameter memory: the largest number of bytes of pixels that are kept in memory.
  init?(_ url: URL, _ settings: Settings, memory: Int) throws {
    guard isFolder(url) else { return nil }
    let parts: [(Split, String)] = [
      (.train, "train"), (.validation, "validation"), (.validation, "val"), (.test, "test"),
    ]
    var places: [Split: URL] = [:]
    for (split, name) in parts where places[split] == nil {
      let inside = url.appending(path: name, directoryHint: .isDirectory)
      if PictureListing.isPresent(in: inside) { places[split] = inside }
    }
    // Many publications call their test set val. It is one where no other test set is beside it.
    if places[.test] == nil { places[.test] = places.removeValue(forKey: .validation) }
    guard !places.isEmpty || PictureListing.isPresent(in: url) else { return nil }
    self.init(
      folder: url, places: places, preparation: try PicturePreparation(settings),
      order: try Self.order(settings), memory: memory)
  }

  /// Reads the option `order`; nil if it is not stated.
  private static func order(_ settings: Settings) throws -> ClassOrder? {
    let meaning = "the order of class folders whose names are all whole numbers"
    guard settings.value("order", meaning) != nil else { return nil }
    return ClassOrder(
      rawValue: try settings.choice(
        "order", of: ClassOrder.allCases.map(\.rawValue), default: ClassOrder.numeric.rawValue,
        meaning))
  }

  /// Makes a folder of pictures whose splits are in folders with other names.
  init(
    folder: URL, places: [Split: URL], preparation: PicturePreparation = .init(),
    order: ClassOrder? = nil, memory: Int = PictureOpening.memory
  ) {
    self.folder = folder
    self.places = places
    self.preparation = preparation
    self.order = order
    self.memory = memory
  }

  var parts: Set<Split> { Set(places.keys) }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    let listing = try PictureListing(
      part.map { places[$0]! } ?? folder, root: folder,
      parts: part == nil ? [] : Split.allCases.compactMap { places[$0] }, order: order)
    return try PictureOpening(listing, preparation, memory: memory).images(
      name: name, progress: progress)
  }
}
