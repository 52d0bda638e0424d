import Foundation
import Support

/// A folder of what is known about data that were opened before, so that they need not be opened
/// again to know it.
///
/// An entry belongs to a request (what was asked for) and to the state of the files at that time. It
/// is only believed if both are the same and its checksum is right; otherwise it is made again.
/// Several processes may read and write entries at once, and the folder may be removed at any time.
public struct DataCache: Sendable {
  /// The number of states of which the entries of one request are kept, such as those of the copies
  /// of the data on several machines.
  static let mostStates = 8
  /// The number of the format, which is part of every request. It grows if the readers of data find
  /// other pixels or write other notes than before.
  private static let format = "data 1"

  let folder: URL
  private let isWritten: Bool
  private let clockStep: Double

  /// - Parameters:
  ///   - folder: the folder of the entries, which need not exist.
  ///   - writing: whether new entries are written. A folder that cannot be written is not an error.
  public init(_ folder: URL, writing: Bool = true) {
    self.init(folder, writing: writing, clockStep: DataState.clockStep)
  }

  /// - Parameter clockStep: the seconds that must have passed since the last change of a file.
  init(_ folder: URL, writing: Bool = true, clockStep: Double) {
    self.folder = folder
    isWritten = writing
    self.clockStep = clockStep
  }

  /// The place of what is known about some data.
  ///
  /// Making one looks at the state of their files, so it is made before they are opened.
  public struct Entry: Sendable {
    private let cache: DataCache
    /// The digest of the request.
    private let request: String
    private let look: @Sendable () -> DataState?
    private let time: Int64
    /// The state of the files before they were opened; nil if it cannot be known.
    private let state: DataState?

    fileprivate init(
      _ cache: DataCache, _ request: [String], _ look: @escaping @Sendable () -> DataState?
    ) {
      self.cache = cache
      let parts = [DataCache.format, crossfireVersion] + request
      self.request = Digest.hex(of: parts.joined(separator: "\n"))
      self.look = look
      // The time comes first: a file that is changed from now on gets this time or a later one.
      time = Int64(Date().timeIntervalSince1970 * 1e9)
      state = look()
    }

    /// Whether no file was changed since the entry was made.
    public var isCurrent: Bool { state != nil && look() == state }

    /// The place of the file; nil if the state of the data is not known.
    var file: URL? {
      state.map {
        cache.folder.appending(path: "\(request.prefix(32))-\($0.digest.prefix(32))")
      }
    }

    /// The content; nil if there is none, or none that can be believed.
    /// - Parameter limit: the largest number of bytes that it may have.
    func read(limit: Int) -> ArraySlice<UInt8>? {
      guard let file, let head, let data = try? readFile(file, limit: limit + head.count + 32)
      else { return nil }
      let bytes = [UInt8](data)
      guard bytes.count >= head.count + 32, bytes.starts(with: head),
        bytes.suffix(32).elementsEqual(Digest.bytes(of: bytes.dropLast(32)))
      else { return nil }
      return bytes[head.count..<bytes.count - 32]
    }

    /// Writes the content, if a later change of the files will be seen: if no file was changed since
    /// the entry was made, or so shortly before that a further change may have had the same time.
    func write(_ content: [UInt8]) {
      guard cache.isWritten, let state, let file, let head, isCurrent,
        state.isSettled(at: time, step: cache.clockStep)
      else { return }
      let bytes = head + content
      // Without the entry, everything works as with it, only slower.
      try? AtomicFile.write(bytes + Digest.bytes(of: bytes), to: file, synced: false)
      cache.removeOldest(of: String(request.prefix(32)))
    }

    /// The beginning of the file.
    private var head: [UInt8]? {
      state.map { Array("crossfire \(DataCache.format)\n\(request)\n\($0.digest)\n".utf8) }
    }
  }

  /// The place of what is known about some data.
  /// - Parameters:
  ///   - request: everything that the content depends on besides the files.
  ///   - state: finds the state of the files.
  public func entry(
    for request: [String], state: @escaping @Sendable () -> DataState?
  ) -> Entry { Entry(self, request, state) }

  /// Removes the oldest entries of a request, of which only the newest are kept.
  private func removeOldest(of request: String) {
    let files =
      (try? FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: [.contentModificationDateKey])) ?? []
    let own = files.filter { $0.lastPathComponent.hasPrefix(request) }
    guard own.count > Self.mostStates else { return }
    let dated = own.map { file in
      let date = try? file.resourceValues(forKeys: [.contentModificationDateKey])
      return (date: date?.contentModificationDate ?? .distantPast, file: file)
    }
    for (_, file) in dated.sorted(by: { $0.date > $1.date }).dropFirst(Self.mostStates) {
      try? FileManager.default.removeItem(at: file)
    }
  }
}
