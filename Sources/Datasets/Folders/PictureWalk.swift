import Foundation
import Support

/// Finds the pictures of class folders and of the folders in them, and counts those in odd places.
///
/// Links are followed as long as they stay in `root`, and no folder is visited twice.
struct PictureWalk {
  private let folder: URL
  private let root: URL
  /// Pictures beside the class folders, which belong to no class.
  var outside: [String] = []
  private var nested: [String] = []
  private var hidden: [String] = []

  /// - Parameters:
  ///   - folder: the folder with the class folders.
  ///   - root: the folder that no link may lead out of, without links in its own path.
  init(_ folder: URL, root: URL) {
    self.folder = folder
    self.root = root
  }

  static func isPicture(_ name: String) -> Bool {
    let ending = (name as NSString).pathExtension.lowercased()
    return PictureFile.endings.contains(ending) || PictureFile.foreignEndings.contains(ending)
  }

  /// The pictures of a class, sorted by their paths.
  /// - Throws: `Failure.badData` if there are none.
  mutating func pictures(ofClass name: String) throws -> [URL] {
    var visited: Set<String> = []
    var found: [String] = []
    try visit(name, &visited, &found)
    guard !found.isEmpty else {
      throw Failure.badData(
        "\(folder.appending(path: name).path): expected PNG or JPEG files in the folder of a class, "
          + "found none", hint: "each subfolder is a class: remove the folder or add pictures")
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { folder.appending(path: $0, directoryHint: .notDirectory) }
  }

  /// Adds the pictures of a folder and of the folders in it.
  /// - Parameter path: the path of the folder, relative to `folder`.
  private mutating func visit(_ path: String, _ visited: inout Set<String>, _ found: inout [String])
    throws
  {
    let place = folder.appending(path: path, directoryHint: .isDirectory)
    guard visited.insert(place.resolvingSymlinksInPath().path).inserted else { return }
    for entry in try Self.entries(of: place, root: root, hidden: true) {
      let inside = "\(path)/\(entry.name)"
      if entry.name.hasPrefix(".") {
        if !entry.isFolder, Self.isPicture(entry.name) { hidden.append(inside) }
      } else if entry.isFolder {
        try visit(inside, &visited, &found)
      } else if Self.isPicture(entry.name) {
        found.append(inside)
        if path.contains("/") { nested.append(inside) }
      }
    }
  }

  /// Lines for the user about pictures in odd places.
  var notes: [String] {
    func line(_ paths: [String], _ what: String, _ consequence: String) -> [String] {
      paths.first.map {
        ["\(folder.path): \(what): \(paths.count), such as \($0); \(consequence)"]
      } ?? []
    }
    return line(
      nested, "pictures in folders within a class folder", "they belong to the class")
      + line(outside, "pictures beside the class folders", "left out")
      + line(hidden, "hidden pictures, whose names begin with a dot", "left out")
  }

  /// The folders and files in a folder. A link counts as the file or folder that it leads to, which
  /// must lie in `root`.
  static func entries(of folder: URL, root: URL, hidden: Bool = false) throws -> [(
    name: String, isFolder: Bool
  )] {
    try FolderEntry.all(in: folder, hidden: hidden).map { entry in
      let place = folder.appending(path: entry.name)
      switch entry.kind {
      case .file: return (entry.name, false)
      case .folder: return (entry.name, true)
      case .link where entry.isHidden: return (entry.name, false)
      case .link:
        let target = place.resolvingSymlinksInPath()
        guard target.path.hasPrefix(root.path + "/") else {
          throw Failure.badData(
            "\(place.path) is a link that leads out of the folder, to \(target.path)",
            hint: "replace the link by a copy of the file or folder")
        }
        return (entry.name, Support.isFolder(target))
      case .other where entry.isHidden: return (entry.name, false)
      case .other:
        throw Failure.badData(
          "\(place.path) is a device, a pipe or a socket, expected a file", hint: "remove it")
      }
    }
  }
}
