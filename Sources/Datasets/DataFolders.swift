import Foundation

/// The folders in which named data sets are searched. Each has a subfolder for each data set.
public struct DataFolders: Sendable, Equatable {
  /// The user's cache, into which data sets are downloaded: `$XDG_CACHE_HOME/crossfire/data`, or
  /// `~/.cache/crossfire/data` if that variable is not set.
  public let cache: URL
  /// The folder that `CROSSFIRE_DATA` names; nil if it is not set.
  public let chosen: URL?

  /// Reads `CROSSFIRE_DATA` and `XDG_CACHE_HOME`.
  ///
  /// An empty variable counts as not set. A cache that is not an absolute path is ignored, as the
  /// XDG Base Directory Specification requires.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let home =
      environment["HOME"].map { URL(filePath: $0) }
      ?? FileManager.default.homeDirectoryForCurrentUser
    let caches =
      environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
      ?? home.appending(path: ".cache")
    cache = caches.appending(path: "crossfire/data")
    chosen = environment["CROSSFIRE_DATA"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
  }

  /// The folders that a data set may be in, in the order in which they are searched.
  public func candidates(for name: String) -> [URL] {
    [chosen, cache].compactMap { $0?.appending(path: name) }
  }
}
