import Foundation
import Support

/// The picture files of one part of a folder, with their classes, groups and masks. No file has been
/// opened yet.
///
/// The classes alternate among the pictures, so that the first pictures show every class. Within a
/// class the pictures are sorted by their paths, or have the order of their list.
struct PictureListing {
  let classNames: [String]
  let files: [URL]
  /// The class of each file.
  let labels: [Int64]
  /// The group of each file; nil if the pictures have no groups.
  let groups: NamedGroups?
  /// The mask pictures of each file; nil if the pictures have no masks.
  let masks: [[URL]]?
  /// Lines for the user about the order of the classes and about files that are left out.
  let notes: [String]

  /// Lists the pictures of a part.
  ///
  /// All parts share their classes and groups, so one that this part lacks still gets a number.
  /// - Parameters:
  ///   - index: the place of the part in `parts`.
  ///   - order: the order of class folders whose names are whole numbers; nil if it is not stated.
  /// - Throws: `Failure.badData` for a link that leads out of the folder, a device, a class without
  ///   pictures, a name that cannot be the name of a class, or a `classes.txt` that does not fit.
  init(
    _ index: Int, of parts: PictureParts, _ options: PictureListOptions = .init(),
    order: ClassOrder? = nil
  ) throws {
    let root = parts.root.resolvingSymlinksInPath()
    let part = parts.parts[index]
    func find(_ part: PicturePart) throws -> FoundPictures {
      try FoundPictures(
        part, root: root, options,
        sharesMasks: parts.parts.count { $0.masks == part.masks } > 1)
    }
    let found = try find(part)
    guard !found.pictures.isEmpty else {
      throw Failure.badData(
        part.list.map { "\($0.url.path): it lists no picture below \(part.pictures.path)" }
          ?? "\(part.pictures.path): expected one folder of pictures per class, found none",
        hint: "lay the pictures out in one folder per class, or list them in a CSV file with the "
          + "columns \(options.file) and \(options.label)")
    }
    let hasGroups = found.pictures.contains { $0.group != nil }
    var classes = Set(found.pictures.map(\.className))
    var groups = Set(found.pictures.compactMap(\.group))
    for (place, other) in parts.parts.enumerated() where place != index {
      if other.list == nil, !hasGroups {
        // The names of the class folders are enough.
        classes.formUnion(
          try PictureWalk.entries(of: other.pictures, root: root).filter(\.isFolder).map(\.name))
      } else {
        let pictures = try find(other).pictures
        classes.formUnion(pictures.map(\.className))
        groups.formUnion(pictures.compactMap(\.group))
      }
    }
    let places = [part.pictures] + parts.parts.map(\.pictures) + [parts.root]
    let folders = try ClassFolders(
      classes, order, file: try ClassNamesFile.find(in: places), place: part.pictures)
    for name in groups.sorted() { try ClassFolders.checkName(name, in: part.pictures) }
    var own = [[FoundPictures.Picture]](repeating: [], count: folders.names.count)
    for picture in found.pictures { own[folders.labels[picture.className]!].append(picture) }
    let pictures = alternating(own)
    classNames = folders.names
    files = pictures.map(\.file)
    labels = pictures.map { Int64(folders.labels[$0.className]!) }
    self.groups =
      hasGroups ? NamedGroups(pictures.map { $0.group! }, among: groups) : nil
    masks = found.hasMasks ? pictures.map(\.masks) : nil
    notes = folders.notes + found.notes + parts.notes
  }

  /// Whether a folder has a subfolder with pictures in it.
  static func isPresent(in folder: URL) -> Bool {
    let classes = (try? FolderEntry.all(in: folder)) ?? []
    return classes.contains { entry in
      guard entry.kind == .folder || entry.kind == .link else { return false }
      let files = (try? FolderEntry.all(in: folder.appending(path: entry.name))) ?? []
      return files.contains { $0.kind != .folder && PictureWalk.isPicture($0.name) }
    }
  }
}
