import Foundation
import Support

/// The folder in which the files of a model lie together. Only plain files of this folder are read.
///
/// Files are found by names that another file states, so a name that is a path, a link that leads to
/// another folder, and a device are refused.
struct ModelFolder {
  let url: URL
  /// The folders in which a file may really lie.
  private let homes: Set<String>

  /// Why a name does not lead to a file of the folder.
  enum Problem: Error {
    /// It is not the name of a file, but a path or empty.
    case isNoName
    case isMissing
    /// It is a link to another folder, or not a plain file.
    case liesElsewhere
  }

  /// The folder of a file that the user named. If that file is a link, the others may be links into
  /// the same folder, as in some downloads.
  init(of file: URL) {
    url = file.deletingLastPathComponent()
    homes = [
      url.resolvingSymlinksInPath().path,
      file.resolvingSymlinksInPath().deletingLastPathComponent().path,
    ]
  }

  /// A folder that the user named. In the cache of Hugging Face, `…/snapshots/NAME` consists of
  /// links to files in `…/blobs`.
  init(_ folder: URL) {
    url = folder
    let real = folder.resolvingSymlinksInPath()
    let parent = real.deletingLastPathComponent()
    let cache = parent.deletingLastPathComponent().appending(path: "blobs")
    homes = parent.lastPathComponent == "snapshots" ? [real.path, cache.path] : [real.path]
  }

  /// The place of a file, with all links followed.
  func place(_ name: String) throws(Problem) -> URL {
    guard !["", ".", ".."].contains(name), !name.contains("/"), !name.contains("\0") else {
      throw .isNoName
    }
    let place = url.appending(path: name)
    guard FileManager.default.fileExists(atPath: place.path) else { throw .isMissing }
    let real = place.resolvingSymlinksInPath()
    let values = try? real.resourceValues(forKeys: [.isRegularFileKey])
    guard homes.contains(real.deletingLastPathComponent().path), values?.isRegularFile == true
    else { throw .liesElsewhere }
    return real
  }

  /// The place of a file with a usual name; nil if the folder has no file of that name.
  /// - Throws: `Failure.badData` if it is a link to another folder, or not a plain file.
  func file(_ name: String) throws -> URL? {
    do { return try place(name) } catch {
      if error == .isMissing { return nil }
      throw Failure.badData(
        "\(name) is a link to another folder, or not a file",
        hint: "put the file itself into the folder of the model")
    }
  }

  /// The most bytes of a JSON file that describes a model.
  static let mostDescription = 8 << 20

  /// Reads the JSON object in a file.
  /// - Parameter name: the name of the file in messages.
  /// - Throws: `Failure.badData` if the file is too large or not a JSON object.
  static func description(_ file: URL, _ name: String) throws -> [String: Any] {
    guard let handle = try? FileHandle(forReadingFrom: file),
      let text = try? handle.read(upToCount: mostDescription + 1) ?? Data()
    else { throw Failure.unreadable(file) }
    try? handle.close()
    guard text.count <= mostDescription else {
      throw Failure.badData("\(name) has more than \(mostDescription) bytes")
    }
    guard let object = (try? JSONSerialization.jsonObject(with: text)) as? [String: Any] else {
      throw Failure.badData(
        "\(name) is not a JSON object", hint: "the file may be truncated: get it again")
    }
    return object
  }
}
