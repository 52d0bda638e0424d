import Foundation
import Support

/// One file to be fetched from the first of several addresses that has it.
///
/// The file takes its name only once its checksum is verified. An attempt that breaks off is taken
/// up by the next.
public struct Download: Sendable {
  /// What was done.
  public enum Outcome: Sendable, Equatable {
    /// The right file was in its place.
    case alreadyThere
    case downloaded
  }

  /// Bytes held so far and, if known, the number expected.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int?) -> Void

  /// `http`, `https` or `file` addresses, tried in this order.
  public let addresses: [URL]
  /// Where the file goes.
  public let place: URL
  /// What the file must hash to; nil if nobody published it, and the size alone decides.
  public let checksum: Checksum?
  /// The size in bytes; nothing larger is fetched.
  public let size: Int

  /// A download of `size` bytes with this checksum to `place`.
  public init(addresses: [URL], place: URL, checksum: Checksum?, size: Int) {
    self.addresses = addresses
    self.place = place
    self.checksum = checksum
    self.size = size
  }

  /// Fetches the file, unless the right one is there; a wrong one in its place is replaced.
  ///
  /// Blocks until the end. Progress is reported from another thread.
  /// - Throws: `Failure.cannotWrite` with the system's reason; otherwise a `Failure` with the
  ///   reason for each address, `badData` where the last one gave another file than expected.
  public func run(progress: @escaping Progress = { _, _ in }) throws -> Outcome {
    let isThere = FileManager.default.fileExists(atPath: place.path)
    if isThere, try mistake(in: place) == nil { return .alreadyThere }
    let file = try PartialFile(for: place)
    // By hand, since the session holds on to the file a little longer.
    defer { file.release() }
    var failures: [Failure] = []
    for address in addresses {
      do {
        try fetch(address, into: file, progress: progress)
        try file.commit()
        return .downloaded
      } catch let failure as Failure {
        guard failure.kind != .cannotWrite else { throw failure }
        failures.append(failure)
      }
    }
    throw Failure(
      failures.last?.kind ?? .failed,
      "cannot get \(place.lastPathComponent): " + failures.map(\.message).joined(separator: "; "),
      hint: "try again later, or put the file at \(place.path) yourself")
  }

  /// Fetches from one address and verifies. What earlier attempts left is not trusted over the
  /// address: if the whole is wrong, it is fetched once more from its first byte.
  private func fetch(_ address: URL, into file: PartialFile, progress: @escaping Progress) throws {
    if file.length > size { try file.restart() }
    let wasStarted = file.length > 0
    if file.length < size { try transfer(address, into: file, progress: progress) }
    var mistake = try mistake(in: file.url)
    if mistake != nil, wasStarted {
      try file.restart()
      try transfer(address, into: file, progress: progress)
      mistake = try self.mistake(in: file.url)
    }
    if let mistake {
      try file.restart()
      throw Failure.badData("\(address.absoluteString): \(mistake); removed what came")
    }
  }

  /// What is wrong with a file that should be the one; nil if nothing is.
  private func mistake(in url: URL) throws -> String? {
    if let checksum {
      let found = try checksum.ofFile(url)
      return found == checksum ? nil : "expected \(checksum), found \(found)"
    }
    let found = try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
    return found == size ? nil : "expected \(size) bytes, found \(found)"
  }

  private func transfer(_ address: URL, into file: PartialFile, progress: @escaping Progress) throws
  {
    switch address.scheme {
    case "http", "https": try HTTPTransfer(into: file, size: size, progress: progress).run(address)
    case "file": try copy(address, into: file, progress: progress)
    default:
      throw Failure.usage("\(address.absoluteString): expected an http, https or file address")
    }
  }

  private func copy(_ address: URL, into file: PartialFile, progress: Progress) throws {
    try file.restart()
    try file.append(readFile(address, limit: size))
    progress(file.length, size)
  }
}

extension DatasetEntry {
  /// Downloads the set's files that are not there yet.
  /// - Parameters:
  ///   - folder: where the files go, usually `DataFolders().cache` and then the set's name.
  ///   - progress: called with a file's name, the bytes of it that are there, and its size.
  /// - Returns: what was done for each file, in the catalog's order.
  /// - Throws: `Failure.usage` for a set that cannot be downloaded, saying what to do; what
  ///   `Download.run` throws.
  public func download(
    to folder: URL,
    progress: @escaping @Sendable (_ file: String, _ done: Int, _ total: Int?) -> Void = {
      _, _, _ in
    }
  ) throws -> [(file: String, outcome: Download.Outcome)] {
    let bases: [String]
    switch origin {
    case .addresses(let addresses): bases = addresses
    case .byHand(let advice):
      throw Failure.usage(
        "\(name) cannot be downloaded in the form that is read",
        hint: "\(advice), and put it in \(folder.path)")
    case .none:
      throw Failure.usage("\(name) is drawn when it is used; there is nothing to download")
    }
    return try files.map { file in
      if let unpacked = file.unpacksTo, isFolder(folder.appending(path: unpacked)) {
        return (file.name, .alreadyThere)
      }
      let download = Download(
        addresses: bases.compactMap { URL(string: $0 + file.name) },
        place: folder.appending(path: file.name),
        checksum: file.checksum, size: file.size)
      let outcome = try download.run { progress(file.name, $0, $1) }
      if let unpacked = file.unpacksTo {
        try TarArchive(download.place, limit: 12 * file.size + 1 << 20)
          .extract(unpacked, to: folder.appending(path: unpacked))
        // What it held is there now, and checked piece by piece.
        try? FileManager.default.removeItem(at: download.place)
      }
      return (file.name, outcome)
    }
  }
}
