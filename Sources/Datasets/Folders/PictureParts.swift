import Foundation
import Support

/// Where the pictures of one split lie, and what is beside them.
///
/// The pictures are in class folders, or a list (a CSV file) says the class of each. They lie in the
/// folder of the split itself, or in `images/` with their masks in `masks/`.
struct PicturePart: Sendable {
  /// The split; nil if the pictures are not divided.
  let split: Split?
  /// The folder with the class folders or the pictures.
  let pictures: URL
  /// The folder of the masks; nil if there is none.
  let masks: URL?
  /// The list of the pictures; nil if all pictures in the class folders are used.
  let list: PictureList?
}

/// The splits of a folder of pictures, found by the names of files and folders.
struct PictureParts: Sendable {
  let root: URL
  let parts: [PicturePart]
  /// Lines for the user about CSV files that are not read.
  let notes: [String]

  /// A folder whose splits lie in folders with other names.
  init(root: URL, places: [Split: URL]) {
    self.root = root
    parts = places.map { PicturePart(split: $0, pictures: $1, masks: nil, list: nil) }
    notes = []
  }

  /// - Throws: `Failure.badData` for a list that cannot be read.
  init?(_ root: URL, _ options: PictureListOptions) throws {
    // The order of a dictionary changes from run to run.
    func ordered(_ places: [Split: URL]) -> [(split: Split, place: URL)] {
      Split.allCases.compactMap { split in places[split].map { (split, $0) } }
    }
    guard Self.isPresent(in: root) else { return nil }
    self.root = root
    var notes: [String] = []
    let whole = try PictureList.find(in: root, root: root, options, &notes)
    // A list says the classes of pictures, which then need no class folders.
    func holdsPart(_ folder: URL) -> Bool {
      Self.holdsPart(folder) || whole != nil && Self.hasPictures(folder)
    }
    let places = SplitFolders.find(in: root, where: holdsPart)
    if let whole, whole.isDivided {
      let (pictures, masks) = Self.inside(root)
      parts = Split.allCases.filter(whole.splits.contains).map {
        PicturePart(split: $0, pictures: pictures, masks: masks, list: whole.rows(of: $0))
      }
    } else if !places.isEmpty {
      parts = try ordered(places).map { split, place in
        let (pictures, masks) = Self.inside(place)
        let own =
          try whole?.rows(in: pictures)
          ?? PictureList.find(in: place, root: root, options, &notes)
        return PicturePart(split: split, pictures: pictures, masks: masks, list: own)
      }
    } else {
      let (pictures, masks) = Self.inside(root)
      let places = SplitFolders.find(in: pictures, where: holdsPart)
      parts =
        places.isEmpty
        ? [PicturePart(split: nil, pictures: pictures, masks: masks, list: whole)]
        : ordered(places).map { split, place in
          let own = masks?.appending(path: place.lastPathComponent, directoryHint: .isDirectory)
          return PicturePart(
            split: split, pictures: place, masks: own.flatMap { isFolder($0) ? $0 : nil } ?? masks,
            list: whole?.rows(in: place))
        }
    }
    self.notes = notes
    if let name = options.csv, !parts.contains(where: { $0.list != nil }) {
      throw Failure.missing(
        "No such file: \(root.appending(path: name).path)",
        hint: "csv=NAME names a file in the folder of the data or of each split")
    }
  }

  /// The folders in which everything lies that the splits of a folder are read from, apart from files
  /// in the folder itself: those of its splits, or of its pictures and masks. It is the folder itself
  /// if a list lies in it, which may name pictures in any folder.
  static func places(in root: URL) -> [URL] {
    guard !hasCSV(root) else { return [root] }
    let splits = SplitFolders.find(in: root, where: holdsPart)
    let (pictures, masks) = inside(root)
    return splits.isEmpty ? [pictures] + [masks].compactMap { $0 } : Array(splits.values)
  }

  /// The folder of the pictures and that of the masks: `images/` and `masks/`, if they are what a
  /// folder holds, or else the folder itself without masks.
  private static func inside(_ folder: URL) -> (pictures: URL, masks: URL?) {
    let images = folder.appending(path: "images", directoryHint: .isDirectory)
    let masks = folder.appending(path: "masks", directoryHint: .isDirectory)
    guard isFolder(images) else { return (folder, nil) }
    let hasMasks = isFolder(masks)
    // A folder `images` of pictures alone may as well be the only class.
    guard hasMasks || hasCSV(folder) || isPresent(in: images) else { return (folder, nil) }
    return (images, hasMasks ? masks : nil)
  }

  /// Whether a folder has the layout of pictures, undivided or with a folder for each split.
  static func isPresent(in root: URL) -> Bool {
    holdsPart(root) || !SplitFolders.find(in: root, where: holdsPart).isEmpty
  }

  /// Whether a folder holds pictures in class folders, pictures beside a CSV file, or `images/` with
  /// either of them.
  private static func holdsPart(_ folder: URL) -> Bool {
    if PictureListing.isPresent(in: folder) { return true }
    let images = folder.appending(path: "images", directoryHint: .isDirectory)
    if isFolder(images), isPresent(in: images) { return true }
    return hasCSV(folder)
      && (hasPictures(folder) || !SplitFolders.find(in: folder, where: hasPictures).isEmpty)
  }

  private static func hasPictures(_ folder: URL) -> Bool {
    ((try? FolderEntry.all(in: folder)) ?? []).contains {
      $0.kind != .folder && PictureWalk.isPicture($0.name)
    }
  }

  /// Whether a folder has a CSV file, which may be a list.
  static func hasCSV(_ folder: URL) -> Bool {
    ((try? FolderEntry.all(in: folder)) ?? []).contains(where: PictureList.isList)
  }
}
