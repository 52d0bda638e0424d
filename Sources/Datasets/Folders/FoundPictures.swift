import Foundation
import Support

/// The pictures of a part in the order in which they were found, with the name of the class of each.
/// No file has been opened yet.
struct FoundPictures {
  struct Picture {
    let file: URL
    /// The path from the folder of the pictures, or its last component if the picture lies elsewhere.
    let path: String
    let className: String
    /// The name of its group; nil if the pictures have no groups.
    var group: String?
    /// The mask pictures whose union is its mask.
    var masks: [URL] = []
  }

  private(set) var pictures: [Picture] = []
  /// Whether the pictures have masks.
  let hasMasks: Bool
  /// Lines for the user about pictures and masks that are left out.
  private(set) var notes: [String] = []

  /// - Parameters:
  ///   - root: the folder that no link may lead out of, without links in its own path.
  ///   - sharesMasks: whether other parts have their masks in the same folder.
  /// - Throws: `Failure.badData` for a link that leads out of `root`, a device, a class folder
  ///   without pictures, and a picture whose class or group is not stated.
  init(_ part: PicturePart, root: URL, _ options: PictureListOptions, sharesMasks: Bool) throws {
    if let list = part.list {
      pictures = try list.rows.map { try Self.picture($0, of: list, in: part) }
      notes = try Self.unlisted(
        part, root, Set(pictures.map(\.file.path)), sharesMasks: sharesMasks)
    } else {
      var walk = PictureWalk(part.pictures, root: root)
      let inside = try PictureWalk.entries(of: part.pictures, root: root)
      walk.outside = inside.filter { !$0.isFolder && PictureWalk.isPicture($0.name) }.map(\.name)
      for (name, isFolder) in inside where isFolder {
        pictures += try walk.pictures(ofClass: name).map {
          Picture(file: $0, path: Self.path($0, in: part), className: name)
        }
      }
      notes = walk.notes
    }
    let listed = part.list?.rows.first?.masks != nil
    hasMasks = listed || part.masks != nil
    if !listed, let folder = part.masks {
      var masks = try MaskFiles(folder, root: root)
      for place in pictures.indices {
        pictures[place].masks = try masks.mask(of: pictures[place].path).map { [$0] } ?? []
      }
      if !sharesMasks { notes += masks.notes }
    }
    try group(by: options.grouping)
  }

  private static func path(_ file: URL, in part: PicturePart) -> String {
    let folder = part.pictures.path + "/"
    return file.path.hasPrefix(folder)
      ? String(file.path.dropFirst(folder.count)) : file.lastPathComponent
  }

  private static func picture(_ row: PictureList.Row, of list: PictureList, in part: PicturePart)
    throws -> Picture
  {
    let path = path(row.file, in: part)
    // Without a column of classes, the first folder of the path is the class.
    guard let name = row.label ?? path.split(separator: "/").dropLast().first.map(String.init)
    else {
      throw Failure.badData(
        "\(list.url.lastPathComponent):\(row.line): the class of \(path) is not stated",
        hint: "add a column 'label', or lay the pictures out in one folder per class")
    }
    return Picture(
      file: row.file, path: path, className: name, group: row.group, masks: row.masks ?? [])
  }

  /// A line about pictures in class folders that are not in the list.
  private static func unlisted(
    _ part: PicturePart, _ root: URL, _ listed: Set<String>, sharesMasks: Bool
  ) throws -> [String] {
    guard let list = part.list, !list.isDivided, PictureListing.isPresent(in: part.pictures) else {
      return []
    }
    var walk = PictureWalk(part.pictures, root: root)
    let folders = try PictureWalk.entries(of: part.pictures, root: root).filter(\.isFolder)
    let left = folders.flatMap { (try? walk.pictures(ofClass: $0.name)) ?? [] }.filter {
      !listed.contains($0.path)
    }
    guard let example = left.first else { return [] }
    return [
      "\(list.url.path): pictures that it does not list: \(left.count), such as "
        + "\(path(example, in: part)); left out"
    ]
  }

  /// Sets the name of the group of each picture.
  private mutating func group(by grouping: PictureListOptions.Grouping?) throws {
    for (place, picture) in pictures.enumerated() {
      switch grouping {
      case nil: break
      case .column(let column):
        guard picture.group == nil else { break }
        throw Failure.badData(
          "\(picture.file.path): there is no list with its group, and the option group names the "
            + "column '\(column)'",
          hint: "add a CSV file with the columns file and \(column), or state group=label, "
            + "group=folder or group=mask")
      case .label: pictures[place].group = picture.className
      case .folder:
        let inside = picture.path.split(separator: "/").dropFirst().dropLast()
        pictures[place].group = ([picture.className[...]] + inside).joined(separator: "/")
      case .mask:
        pictures[place].group =
          picture.className + (picture.masks.isEmpty ? ", no mask" : ", mask")
      }
    }
  }
}
