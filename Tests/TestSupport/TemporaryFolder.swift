import Foundation

/// A temporary folder that is removed when this object is released.
public final class TemporaryFolder {
  public let url: URL

  public init() {
    url = FileManager.default.temporaryDirectory.appending(
      path: "crossfire-test-\(UUID().uuidString)")
    try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  public func appending(_ path: String) -> URL { url.appending(path: path) }
}
