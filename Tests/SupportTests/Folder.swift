import Foundation

/// A temporary folder that is removed with this object.
final class Folder {
  let url: URL

  init() {
    url = FileManager.default.temporaryDirectory.appending(
      path: "crossfire-test-\(UUID().uuidString)")
    try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func appending(_ path: String) -> URL { url.appending(path: path) }

  /// The names of all files and folders in it, including hidden ones, sorted.
  var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? []
  }
}

/// The text of a file; nil if it cannot be read.
func text(of file: URL) -> String? { try? String(contentsOf: file, encoding: .utf8) }
