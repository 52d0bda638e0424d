import Foundation
import Support

/// The state of the files that some data are read from, by which a change is noticed without opening
/// any of them. It takes a call of `stat` for each file.
public struct DataState: Sendable, Equatable {
  /// A digest of the reference and of the path, inode, size and times of each file. It is the same
  /// as before as long as no file has been changed, replaced, added or removed.
  public let digest: String
  /// The latest time at which one of the files was changed, in nanoseconds since 1970; nil if the
  /// data have no files.
  let newest: Int64?

  /// The number of seconds after which a further change of a file certainly gives it another time.
  /// File systems count time in steps: most in a few milliseconds, some in two seconds.
  static let clockStep = 2.0

  /// Whether a change after a time would be seen: whether all files are older than a step of the
  /// clock by which they are dated.
  /// - Parameter time: the time at which the state was found, in nanoseconds since 1970.
  func isSettled(at time: Int64, step: Double = clockStep) -> Bool {
    newest.map { $0 < time - Int64(step * 1e9) } ?? true
  }
}

extension DataReference {
  /// The state of the files that a split is read from.
  ///
  /// Of a folder of pictures or texts, all files count that may matter for any of its splits,
  /// because the splits share their classes and groups. Of other data, the files that are read
  /// count.
  /// - Returns: nil if it cannot be known, for example because files are missing.
  public func state(_ split: Split, folders: DataFolders = DataFolders()) -> DataState? {
    var stamps = FileStamps(.inode)
    stamps.add(absolute)
    guard add(split, among: folders, to: &stamps, from: nil) else { return nil }
    return DataState(digest: stamps.hex(), newest: stamps.newest)
  }

  /// A digest of the names, sizes and times of the files that a split is read from, and of the
  /// options of the reference. It is the same for a copy of the data that keeps the times, wherever
  /// its folder lies, and a change is noticed without opening a file.
  /// - Returns: nil if it cannot be known, for example because files are missing.
  package func copyDigest(_ split: Split, folders: DataFolders = DataFolders()) -> String? {
    guard let place = try? folder(of: split, among: folders) else { return nil }
    // The name of a single file counts, since its ending says its format.
    let base = path == nil || isFolder(place) ? place : place.deletingLastPathComponent()
    var stamps = FileStamps(.copy)
    stamps.add(path == nil ? description : String(description.dropFirst(self.base.count)))
    return add(split, among: folders, to: &stamps, from: base) ? stamps.hex() : nil
  }

  private func add(
    _ split: Split, among folders: DataFolders, to stamps: inout FileStamps, from base: URL?
  ) -> Bool {
    guard let sources = try? sources(of: split, among: folders) else { return false }
    return sources.allSatisfy { $0.add(to: &stamps, from: base) }
  }
}
