import Foundation

/// A folder that is gone when the test is.
final class Folder {
  let url: URL

  init() {
    url = FileManager.default.temporaryDirectory.appending(
      path: "crossfire-test-\(UUID().uuidString)")
    try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func appending(_ path: String) -> URL { url.appending(path: path) }

  /// The names of everything in it, hidden files included, sorted.
  var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? []
  }
}

/// The text of a file, nil if there is none.
func text(of file: URL) -> String? { try? String(contentsOf: file, encoding: .utf8) }
