import Foundation
import Support

/// The picture files of a folder with one subfolder per class. No file has been opened yet.
///
/// The classes are in the order of `classes.txt` if there is one. Otherwise they are sorted by the
/// names of their folders: as numbers if all names are whole numbers, else by their bytes. The
/// classes alternate among the pictures, so that the first pictures show every class. Within a
/// class the pictures are sorted by name.
struct PictureListing {
  let classNames: [String]
  let files: [URL]
  /// The class of each file.
  let labels: [Int64]

  /// An optional file with one class name a line: the names of the folders in another order, or new
  /// names for the folders in their order.
  static let namesFile = "classes.txt"
  private static let mostClasses = 65_536

  /// Lists the pictures below a folder.
  /// - Parameters:
  ///   - root: the folder that no link may lead out of; `folder` itself or a folder above it.
  ///   - parts: the folders of all splits. They share their classes, so a class that one of them
  ///     lacks still gets a label.
  /// - Throws: `Failure.badData` for a link that leads out of `root`, a device, a class without
  ///   pictures, or a name that cannot be the name of a class.
  init(_ folder: URL, root: URL, parts: [URL] = []) throws {
    let root = root.resolvingSymlinksInPath()
    let present = Set(try Self.classFolders(of: folder, root: root))
    let folders = try Set(parts.flatMap { try Self.classFolders(of: $0, root: root) } + present)
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard folders.count <= Self.mostClasses else {
      throw Failure.badData(
        "\(folder.path): expected at most \(Self.mostClasses) classes (subfolders), "
          + "found \(folders.count)")
    }
    let sorted =
      folders.allSatisfy { Int($0) != nil }
      ? folders.sorted { (Int($0)!, $0) < (Int($1)!, $1) } : folders
    for name in sorted { try Self.checkName(name, in: folder) }
    let (names, places) = try Self.named(sorted, folder: folder, root: root)
    classNames = names
    var classes: [[URL]] = [[URL]](repeating: [], count: names.count)
    for (name, place) in zip(sorted, places) where present.contains(name) {
      let inside = folder.appending(path: name, directoryHint: .isDirectory)
      classes[place] = try Self.pictures(in: inside, root: root)
    }
    var files: [URL] = []
    var labels: [Int64] = []
    for turn in 0..<(classes.map(\.count).max() ?? 0) {
      for (label, own) in classes.enumerated() where turn < own.count {
        files.append(own[turn])
        labels.append(Int64(label))
      }
    }
    self.files = files
    self.labels = labels
  }

  private static func classFolders(of folder: URL, root: URL) throws -> [String] {
    try entries(of: folder, root: root).filter(\.isFolder).map(\.name)
  }

  /// Whether a folder has a subfolder with pictures in it.
  static func isPresent(in folder: URL) -> Bool {
    let classes = (try? FolderEntry.all(in: folder)) ?? []
    return classes.contains { entry in
      guard entry.kind == .folder || entry.kind == .link else { return false }
      let files = (try? FolderEntry.all(in: folder.appending(path: entry.name))) ?? []
      return files.contains { $0.kind != .folder && isPicture($0.name) }
    }
  }

  private static func pictures(in folder: URL, root: URL) throws -> [URL] {
    let files = try entries(of: folder, root: root).filter { !$0.isFolder && isPicture($0.name) }
    guard !files.isEmpty else {
      throw Failure.badData(
        "\(folder.path): expected PNG or JPEG files in the folder of a class, found none",
        hint: "each subfolder is a class: remove the folder or add pictures")
    }
    return files.map { folder.appending(path: $0.name, directoryHint: .notDirectory) }
  }

  private static func isPicture(_ name: String) -> Bool {
    let ending = (name as NSString).pathExtension.lowercased()
    return PictureFile.endings.contains(ending) || PictureFile.foreignEndings.contains(ending)
  }

  /// The folders and files in a folder. A link counts as the file or folder that it leads to, which
  /// must lie in `root`.
  private static func entries(of folder: URL, root: URL) throws -> [(name: String, isFolder: Bool)]
  {
    try FolderEntry.all(in: folder).map { entry in
      let place = folder.appending(path: entry.name)
      switch entry.kind {
      case .file: return (entry.name, false)
      case .folder: return (entry.name, true)
      case .link:
        let target = place.resolvingSymlinksInPath()
        guard target.path.hasPrefix(root.path + "/") else {
          throw Failure.badData(
            "\(place.path) is a link that leads out of the folder, to \(target.path)",
            hint: "replace the link by a copy of the file or folder")
        }
        return (entry.name, Support.isFolder(target))
      case .other:
        throw Failure.badData(
          "\(place.path) is a device, a pipe or a socket, expected a picture", hint: "remove it")
      }
    }
  }

  /// Checks the name of a class, which is shown in tables, on pages and on terminals.
  private static func checkName(_ name: String, in place: URL) throws {
    guard name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }),
      name.utf8.count <= 255,
      !name.isEmpty
    else {
      let shown = name.unicodeScalars.map { $0.escaped(asASCII: false) }.joined()
      throw Failure.badData(
        "\(place.path): '\(shown)' cannot be the name of a class",
        hint: "use up to 255 bytes without control characters")
    }
  }

  /// The names of all classes, and for each folder the index of its class.
  private static func named(_ folders: [String], folder: URL, root: URL) throws -> (
    names: [String], places: [Int]
  ) {
    let file = [folder, root].map { $0.appending(path: namesFile) }.first {
      FileManager.default.fileExists(atPath: $0.path)
    }
    guard let file else { return (folders, Array(folders.indices)) }
    let text = String(decoding: try readFile(file, limit: 1 << 24), as: UTF8.self)
    let names = text.split(whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    .filter { !$0.isEmpty }
    guard names.count <= mostClasses, Set(names).count == names.count else {
      throw Failure.badData(
        "\(file.path): expected at most \(mostClasses) different names, found \(names.count) names "
          + "of which \(Set(names).count) differ")
    }
    for name in names { try checkName(name, in: file) }
    let places = folders.map { names.firstIndex(of: $0) }
    if !places.contains(nil) { return (names, places.map { $0! }) }
    guard names.count == folders.count else {
      throw Failure.badData(
        "\(file.path): expected the names of the \(folders.count) class folders "
          + "or one new name for each, found \(names.count) names, none of them "
          + "'\(folders[places.firstIndex(of: nil)!])'")
    }
    return (names, Array(folders.indices))
  }
}
