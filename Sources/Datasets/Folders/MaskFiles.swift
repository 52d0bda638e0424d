import Foundation
import Support

/// The mask pictures in a folder, found by the names of the pictures that they belong to.
///
/// The mask of `cat/1.jpg` is `cat/1.png`, or any other picture whose path without its ending is
/// `cat/1`; if there is none, it is `1.png` directly in the folder.
struct MaskFiles {
  private let folder: URL
  private var files: [String: URL] = [:]
  private var used: [String: String] = [:]

  /// - Parameter root: the folder that no link may lead out of, without links in its own path.
  /// - Throws: `Failure.badData` if two masks differ only in their endings.
  init(_ folder: URL, root: URL) throws {
    self.folder = folder
    var visited: Set<String> = []
    try visit("", root, &visited)
  }

  private mutating func visit(_ path: String, _ root: URL, _ visited: inout Set<String>) throws {
    let place = path.isEmpty ? folder : folder.appending(path: path, directoryHint: .isDirectory)
    guard visited.insert(place.resolvingSymlinksInPath().path).inserted else { return }
    for entry in try PictureWalk.entries(of: place, root: root) {
      let inside = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
      if entry.isFolder {
        try visit(inside, root, &visited)
      } else if PictureWalk.isPicture(entry.name) {
        let file = folder.appending(path: inside, directoryHint: .notDirectory)
        if let other = files.updateValue(file, forKey: Self.stem(inside)) {
          throw Failure.badData(
            "\(file.path) and \(other.lastPathComponent) are masks of one picture",
            hint: "keep one of them")
        }
      }
    }
  }

  private static func stem(_ path: String) -> String { (path as NSString).deletingPathExtension }

  /// The mask of a picture; nil if it has none.
  /// - Parameter path: the path of the picture from the folder of the pictures.
  /// - Throws: `Failure.badData` if the mask is already that of another picture.
  mutating func mask(of path: String) throws -> URL? {
    let whole = Self.stem(path)
    let name = (whole as NSString).lastPathComponent
    guard let stem = [whole, name].first(where: { files[$0] != nil }) else { return nil }
    if let other = used.updateValue(path, forKey: stem) {
      throw Failure.badData(
        "\(files[stem]!.path) is the mask of \(other) and of \(path)",
        hint: "lay the masks out in the same folders as the pictures")
    }
    return files[stem]
  }

  /// A line about masks that belong to no picture.
  var notes: [String] {
    let unused = files.filter { used[$0.key] == nil }.map(\.value.path).sorted()
    guard let example = unused.first else { return [] }
    return [
      "\(folder.path): masks without a picture of the same name: \(unused.count), such as "
        + "\((example as NSString).lastPathComponent); left out"
    ]
  }
}
