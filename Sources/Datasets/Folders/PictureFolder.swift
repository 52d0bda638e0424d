import Foundation
import Support

/// A folder with one subfolder of PNG and JPEG files per class, or a folder that holds one such
/// folder per split: `train/`, `val/` (or `validation/`) and `test/`. Without `test/`, the folder
/// `val/` is the test set. Masks may lie in `masks/` beside `images/`, and a CSV file may list the
/// pictures with their classes, groups and masks.
struct PictureFolder: DataFormat {
  static let summary =
    "a folder with one subfolder of PNG or JPEG files per class, "
    + "or one such folder per split, train/ and test/"

  private let places: PictureParts
  private let preparation: PicturePreparation
  private let reading: MaskReading
  private let options: PictureListOptions
  private let order: ClassOrder?
  private let memory: Int
  /// Where what is learned about pictures that stay in their files is kept; nil for nowhere.
  private var cache: DataCache?

  init?(_ url: URL, _ settings: Settings) throws {
    try self.init(url, settings, memory: PictureOpening.memory)
  }

  /// - Parameter memory: the largest number of bytes of pixels that are kept in memory.
  init?(_ url: URL, _ settings: Settings, memory: Int) throws {
    guard isFolder(url), PictureParts.isPresent(in: url) else { return nil }
    options = try PictureListOptions(settings)
    preparation = try PicturePreparation(settings)
    reading = try MaskReading(settings)
    order = try ClassOrder(settings)
    self.memory = memory
    guard let places = try PictureParts(url, options) else { return nil }
    self.places = places
  }

  /// Makes a folder of pictures whose splits are in folders with other names.
  init(folder: URL, places: [Split: URL]) {
    self.places = PictureParts(root: folder, places: places)
    options = PictureListOptions()
    preparation = PicturePreparation()
    reading = MaskReading()
    order = nil
    memory = PictureOpening.memory
  }

  func remembering(in cache: DataCache?) -> any DataFormat {
    var copy = self
    copy.cache = cache
    return copy
  }

  var parts: Set<Split> { Set(places.parts.compactMap(\.split)) }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    let index = places.parts.firstIndex { $0.split == part }!
    let listing = try PictureListing(index, of: places, options, order: order)
    return try PictureOpening(listing, preparation, reading, memory: memory, cache: cache).images(
      name: name, progress: progress)
  }
}
