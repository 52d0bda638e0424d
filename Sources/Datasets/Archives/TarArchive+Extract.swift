import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension TarArchive {
  /// Unpacks one top folder of the archive. The folder appears whole or not at all.
  /// - Parameters:
  ///   - name: the name of the folder in the archive.
  ///   - place: the place of the unpacked folder, at which nothing may exist.
  ///   - progress: called with the number of bytes that have been unpacked.
  /// - Throws: what `walk` throws; `Failure.cannotWrite`.
  func extract(_ name: String, to place: URL, progress: @escaping (Int) -> Void = { _ in }) throws {
    let parent = place.deletingLastPathComponent()
    // A new folder that only this process uses, so nothing in it can be a link.
    let workshop = parent.appending(path: ".\(place.lastPathComponent).\(getpid()).unpacking")
    try? FileManager.default.removeItem(at: workshop)
    try createFolder(workshop)
    defer { try? FileManager.default.removeItem(at: workshop) }
    var done = 0
    try walk { path, _ in
      let target = workshop.appending(path: path)
      try createFolder(target.deletingLastPathComponent())
      let descriptor = open(
        target.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw cannotWrite(target) }
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      return { piece in
        do { try file.write(contentsOf: Data(piece)) } catch { throw cannotWrite(target) }
        done += piece.count
        progress(done)
      }
    }
    let unpacked = workshop.appending(path: name)
    guard isFolder(unpacked) else {
      throw Failure.badData(
        "\(url.path): expected a folder '\(name)' in the archive, found none",
        hint: "is it another archive?")
    }
    guard rename(unpacked.path, place.path) == 0 else { throw cannotWrite(place) }
  }

  private func cannotWrite(_ target: URL) -> Failure {
    .cannotWrite("cannot write \(target.path): \(systemReason())")
  }
}
