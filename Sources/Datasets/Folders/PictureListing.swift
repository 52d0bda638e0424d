import Foundation
import Support

/// The picture files of a folder with one subfolder per class, before any is opened.
///
/// Classes are in the order of their folders' names, by number where all names are whole numbers,
/// else by bytes; or in that of `classes.txt`. Pictures take the classes in turn, within a class in
/// the order of their names, so that the first N of them show every class.
struct PictureListing {
  let classNames: [String]
  let files: [URL]
  /// int64, one for each file.
  let labels: [Int64]

  /// Where class names may be written, one a line: the folders' names in the order wanted, or a
  /// name for each folder in order.
  static let namesFile = "classes.txt"
  private static let mostClasses = 65_536

  /// Lists the pictures below a folder.
  /// - Parameters:
  ///   - root: the folder that nothing may lead out of; `folder` is it or lies in it.
  ///   - parts: the folders of all parts, whose classes are the same: one that a part lacks still
  ///     has its place.
  /// - Throws: `Failure.badData` for a link that leads out of the root, a device, a class without
  ///   pictures, a name that cannot be one.
  init(_ folder: URL, root: URL, parts: [URL] = []) throws {
    let root = root.resolvingSymlinksInPath()
    let present = Set(try Self.classFolders(of: folder, root: root))
    let folders = try Set(parts.flatMap { try Self.classFolders(of: $0, root: root) } + present)
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard folders.count <= Self.mostClasses else {
      throw Failure.badData(
        "\(folder.path): \(folders.count) classes; at most \(Self.mostClasses) are read")
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
        "\(folder.path): a class without pictures",
        hint: "each subfolder is a class and holds PNG or JPEG files")
    }
    return files.map { folder.appending(path: $0.name, directoryHint: .notDirectory) }
  }

  private static func isPicture(_ name: String) -> Bool {
    let ending = (name as NSString).pathExtension.lowercased()
    return PictureFile.endings.contains(ending) || PictureFile.foreignEndings.contains(ending)
  }

  /// The folders and files of a folder. A link counts as what it leads to, which must lie in the
  /// root.
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
            hint: "copy what it leads to")
        }
        return (entry.name, Support.isFolder(target))
      case .other:
        throw Failure.badData(
          "\(place.path) is a device, a pipe or a socket, and no picture", hint: "remove it")
      }
    }
  }

  /// Names of classes appear in tables, pages and on terminals.
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

  /// The names of all classes, and the class of each folder.
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
      throw Failure.badData("\(file.path): expected at most \(mostClasses) names, each once")
    }
    for name in names { try checkName(name, in: file) }
    let places = folders.map { names.firstIndex(of: $0) }
    if !places.contains(nil) { return (names, places.map { $0! }) }
    guard names.count == folders.count else {
      throw Failure.badData(
        "\(file.path): expected the names of the \(folders.count) class folders, or a name for each, found \(names.count) "
          + "names, and none is '\(folders[places.firstIndex(of: nil)!])'")
    }
    return (names, Array(folders.indices))
  }
}
