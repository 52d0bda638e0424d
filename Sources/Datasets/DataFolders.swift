import Foundation

/// The places where named data sets are looked for, each a folder with one subfolder per name.
public struct DataFolders: Sendable, Equatable {
  /// The user's cache, where downloads go: `$XDG_CACHE_HOME/crossfire/data`, by default below
  /// `~/.cache`.
  public let cache: URL
  /// What `CROSSFIRE_DATA` names, if it is set.
  public let chosen: URL?

  /// Reads `CROSSFIRE_DATA` and `XDG_CACHE_HOME`; empty means unset, and a relative cache is
  /// ignored, as the XDG Base Directory Specification says.
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

  /// The folders a data set may be in, first come first served.
  public func candidates(for name: String) -> [URL] {
    [chosen, cache].compactMap { $0?.appending(path: name) }
  }
}
