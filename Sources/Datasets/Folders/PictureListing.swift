import Foundation
import Support

/// The picture files of a folder with one subfolder per class. No file has been opened yet.
///
/// The classes alternate among the pictures, so that the first pictures show every class. Within a
/// class the pictures are sorted by their paths.
struct PictureListing {
  let classNames: [String]
  let files: [URL]
  /// The class of each file.
  let labels: [Int64]
  /// Lines for the user about the order of the classes and about pictures in odd places.
  let notes: [String]

  /// Lists the pictures below a folder.
  /// - Parameters:
  ///   - root: the folder that no link may lead out of; `folder` itself or a folder above it.
  ///   - parts: the folders of all splits. They share their classes, so a class that one of them
  ///     lacks still gets a label.
  ///   - order: the order of class folders whose names are whole numbers; nil if it is not stated.
  /// - Throws: `Failure.badData` for a link that leads out of `root`, a device, a class without
  ///   pictures, a name that cannot be the name of a class, or a `classes.txt` that does not fit.
  init(_ folder: URL, root: URL, parts: [URL] = [], order: ClassOrder? = nil) throws {
    let real = root.resolvingSymlinksInPath()
    let inside = try PictureWalk.entries(of: folder, root: real)
    let present = Set(inside.filter(\.isFolder).map(\.name))
    let all = try parts.reduce(into: present) { names, part in
      names.formUnion(try PictureWalk.entries(of: part, root: real).filter(\.isFolder).map(\.name))
    }
    let classes = try ClassFolders(
      all, order, file: try ClassNamesFile.find(in: [folder] + parts + [root]), place: folder)
    classNames = classes.names
    var walk = PictureWalk(folder, root: real)
    walk.outside = inside.filter { !$0.isFolder && PictureWalk.isPicture($0.name) }.map(\.name)
    var own = [[URL]](repeating: [], count: classNames.count)
    for (name, label) in classes.labels.sorted(by: { $0.value < $1.value })
    where present.contains(name) {
      own[label] = try walk.pictures(ofClass: name)
    }
    var files: [URL] = []
    var labels: [Int64] = []
    for turn in 0..<(own.map(\.count).max() ?? 0) {
      for (label, own) in own.enumerated() where turn < own.count {
        files.append(own[turn])
        labels.append(Int64(label))
      }
    }
    self.files = files
    self.labels = labels
    notes = classes.notes + walk.notes
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
