import Foundation
import Support

/// The download of one file from the first of several addresses that has it.
///
/// The file gets its name only after its checksum is verified. What an interrupted attempt received
/// is kept, and the next attempt continues from there.
public struct Download: Sendable {
  /// What a download did.
  public enum Outcome: Sendable, Equatable {
    /// The expected file existed already.
    case alreadyThere
    /// The file was downloaded.
    case downloaded
  }

  /// A function that is called with the number of bytes received so far and, if it is known, the
  /// number of all bytes.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int?) -> Void

  /// `http`, `https` or `file` addresses in the order in which they are tried.
  public let addresses: [URL]
  /// The place of the file on this machine.
  public let place: URL
  /// The checksum that the file must have; nil if none is published. Then only the size is
  /// compared.
  public let checksum: Checksum?
  /// The size of the file in bytes. Nothing larger is downloaded.
  public let size: Int

  /// Describes a download; `run` performs it.
  public init(addresses: [URL], place: URL, checksum: Checksum?, size: Int) {
    self.addresses = addresses
    self.place = place
    self.checksum = checksum
    self.size = size
  }

  /// Downloads the file, unless the expected file exists. Another file in its place is replaced.
  ///
  /// The call blocks until the download has ended. `progress` is called from another thread.
  /// - Throws: `Failure.cannotWrite` with the system's reason; otherwise a `Failure` with the
  ///   reason for each address, of the kind `badData` if the last address gave another file than
  ///   expected.
  public func run(progress: @escaping Progress = { _, _ in }) throws -> Outcome {
    let isThere = FileManager.default.fileExists(atPath: place.path)
    if isThere, try mistake(in: place) == nil { return .alreadyThere }
    let file = try PartialFile(for: place)
    // The file is released here and not by `deinit`, because the URL session keeps it a little
    // longer.
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
      "cannot download \(place.lastPathComponent): "
        + failures.map(\.message).joined(separator: "; "),
      hint: "try again later, or put the file at \(place.path) by hand")
  }

  /// Downloads from one address and verifies the file.
  ///
  /// If the file is wrong and began with the bytes of an earlier attempt, it is downloaded once
  /// more from its first byte, since those bytes may be the cause.
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
      throw Failure.badData("\(address.absoluteString): \(mistake); removed the file")
    }
  }

  /// The difference between a file and the expected one, in words; nil if there is none.
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
      throw Failure.usage(
        "\(address.absoluteString): expected an address with http, https or file")
    }
  }

  private func copy(_ address: URL, into file: PartialFile, progress: Progress) throws {
    try file.restart()
    try file.append(readFile(address, limit: size))
    progress(file.length, size)
  }
}

extension DatasetEntry {
  /// Downloads those files of the data set that do not exist yet.
  /// - Parameters:
  ///   - folder: the folder for the files, usually the data set's subfolder of
  ///     `DataFolders().cache`.
  ///   - progress: called with a file's name, the bytes of it that were received, and its size.
  /// - Returns: the outcome for each file, in the catalog's order.
  /// - Throws: `Failure.usage`, with what to do instead, for a data set that cannot be downloaded;
  ///   what `Download.run` throws.
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
        "\(name) is not published in the form that is read, so it cannot be downloaded",
        hint: "\(advice), and put it into \(folder.path)")
    case .none:
      throw Failure.usage("\(name) is made when it is used: there is nothing to download")
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
        // The unpacked files replace the archive.
        try? FileManager.default.removeItem(at: download.place)
      }
      return (file.name, outcome)
    }
  }
}
