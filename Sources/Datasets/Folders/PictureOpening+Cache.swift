import Foundation
import ModelCore
import Support

/// What a cache keeps about the pictures of a folder that stay in their files. A later opening then
/// needs the stamps of the files, and decodes none of them.
extension PictureOpening {
  /// The place of what is known about the pictures of the listing, as they are prepared.
  func entry(in cache: DataCache) -> DataCache.Entry {
    let (files, masks) = (listing.files, listing.masks)
    let request = ["pictures", "\(preparation)", "\(reading)", "\(memory)"]
    return cache.entry(for: request) {
      var stamps = FileStamps()
      for file in files {
        guard stamps.add(file: file.path, as: file.path) else { return nil }
      }
      for files in masks ?? [] {
        stamps.add("masks \(files.count)")
        for file in files {
          guard stamps.add(file: file.path, as: file.path) else { return nil }
        }
      }
      return DataState(digest: stamps.hex(), newest: stamps.newest)
    }
  }

  /// What an entry says about every picture; nil if it says nothing that can be believed.
  func outcomes(in entry: DataCache.Entry) -> [Outcome]? {
    let count = listing.files.count
    guard let bytes = entry.read(limit: 1 << 20 + 1024 * count) else { return nil }
    return try? Outcome.read(bytes, count: count, haveMasks: listing.masks != nil)
  }
}

extension PictureOpening.Outcome {
  /// The outcomes as bytes; nil if a mask could not be read.
  ///
  /// The number of pictures, then one record for each. It begins with a byte, whose bits say that
  /// the picture was read (1), that it is dark (2) and that its mask is zero everywhere (4). Then
  /// come channels, height and width, the SHA-256 of the picture, and that of its mask if the
  /// pictures have masks. Of a picture that could not be read there is the reason instead: its
  /// length and its text in UTF-8. All numbers are little-endian and have four bytes.
  static func bytes(_ outcomes: [PictureOpening.Outcome]) -> [UInt8]? {
    var bytes: [UInt8] = []
    func add(_ number: Int) {
      withUnsafeBytes(of: UInt32(number).littleEndian) { bytes += $0 }
    }
    add(outcomes.count)
    for outcome in outcomes {
      switch outcome {
      case .read(let facts):
        bytes.append(1 | (facts.isDark ? 2 : 0) | (facts.isUnmasked ? 4 : 0))
        facts.shape.sizes.forEach(add)
        bytes += facts.digest + (facts.maskDigest ?? [])
      case .unreadable(let reason):
        bytes.append(0)
        add(reason.utf8.count)
        bytes += reason.utf8
      case .badMask: return nil
      }
    }
    return bytes
  }

  /// Reads outcomes from bytes.
  /// - Throws: `Failure.badData` unless they are those of `count` pictures.
  static func read(
    _ bytes: ArraySlice<UInt8>, count: Int, haveMasks: Bool
  ) throws -> [PictureOpening.Outcome] {
    var reader = ByteReader(bytes, named: "the cache")
    func check(_ isRight: Bool) throws {
      guard isRight else { throw Failure.badData("the cache does not fit the pictures") }
    }
    try check(try reader.word() == count)
    let outcomes = try (0..<count).map { _ -> PictureOpening.Outcome in
      let flags = try reader.number(1)
      guard flags & 1 == 1 else {
        let text = String(validating: try reader.take(try reader.word()), as: UTF8.self)
        try check(text != nil && flags == 0)
        return .unreadable(text!)
      }
      let sizes = try (0..<3).map { _ in try reader.word() }
      try check(
        flags < 8 && [1, 3].contains(sizes[0]) && sizes.allSatisfy { (1...65_536).contains($0) })
      return .read(
        PictureOpening.Facts(
          shape: InputShape(channels: sizes[0], height: sizes[1], width: sizes[2]),
          digest: Array(try reader.take(32)), isDark: flags & 2 != 0,
          maskDigest: haveMasks ? Array(try reader.take(32)) : nil, isUnmasked: flags & 4 != 0))
    }
    try check(reader.left == 0)
    return outcomes
  }
}
