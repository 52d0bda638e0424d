import Foundation
import ModelCore
import Support

/// Decodes every picture of a listing once, on all cores, so that unreadable files are known before
/// anything is computed.
///
/// If the pixels fit into `memory`, they are kept. Otherwise only a digest of each picture is kept,
/// and the picture is decoded again whenever it is used.
struct PictureOpening {
  /// The largest number of bytes of pixels that are kept: 256 MB, enough for 340,000 images of
  /// 28 x 28 or 1,780 images of 3 x 224 x 224.
  static let memory = 1 << 28
  /// The largest share of unreadable pictures that is tolerated. notMNIST has 2 in 18,726.
  static let toleratedShare = 0.01
  /// The largest number of unreadable files that a message names.
  private static let mostNamed = 10

  let listing: PictureListing
  let preparation: PicturePreparation
  let memory: Int

  init(_ listing: PictureListing, _ preparation: PicturePreparation, memory: Int = memory) {
    self.listing = listing
    self.preparation = preparation
    self.memory = memory
  }

  private enum Outcome: Sendable {
    /// - Parameter isDark: whether every byte is 0 or 1.
    case read(InputShape, digest: [UInt8], isDark: Bool)
    case unreadable(String)
  }

  /// Decodes all pictures.
  /// - Parameter progress: is called, from any thread, with the number of decoded pictures and the
  ///   number of all pictures.
  /// - Throws: `Failure.badData` if the pictures differ in size, or if more than the tolerated
  ///   share is unreadable.
  func images(name: String, progress: @escaping DataReference.Progress) throws -> LabelledImages {
    let (outcomes, kept) = decode(progress)
    let good = outcomes.indices.filter { if case .read = outcomes[$0] { true } else { false } }
    var notes = try self.notes(on: outcomes, good: good.count, name: name) + listing.notes
    if good.allSatisfy({ if case .read(_, _, isDark: true) = outcomes[$0] { true } else { false } })
    {
      notes.append(LabelledImages.darkness(of: name))
    }
    let shape = try self.shape(of: outcomes)
    let labels = good.map { listing.labels[$0] }
    if let kept {
      var pixels = [UInt8](repeating: 0, count: good.count * shape.count)
      pixels.withUnsafeMutableBufferPointer { out in
        for (place, file) in good.enumerated() {
          kept[file]!.write(to: out.baseAddress! + place * shape.count, channels: shape.channels)
        }
      }
      return try LabelledImages(
        name: name, shape: shape, classNames: listing.classNames, pixels: pixels, labels: labels
      ).countingClasses(by: .folders).noting(notes)
    }
    let digests = outcomes.compactMap { outcome -> [UInt8]? in
      if case .read(_, let digest, _) = outcome { digest } else { nil }
    }
    let stream = PictureStream(
      good.map { listing.files[$0] }, preparation, shape: shape, digests: digests)
    return try LabelledImages(
      name: name, shape: shape, classNames: listing.classNames, stream: stream, labels: labels
    ).countingClasses(by: .folders).noting(notes)
  }

  /// The outcome of each picture, and the pictures themselves unless they exceed `memory`.
  private func decode(_ progress: @escaping DataReference.Progress) -> (
    outcomes: [Outcome], kept: [Int: Raster]?
  ) {
    let count = listing.files.count
    struct Tally {
      var outcomes: [Outcome?]
      var kept: [Int: Raster]? = [:]
      var bytes = 0
      var done = 0
    }
    let tally = Guarded(Tally(outcomes: Array(repeating: nil, count: count)))
    inParallel(count) { index in
      let file = listing.files[index]
      var picture: Raster?
      let outcome: Outcome
      do {
        let read = try preparation.apply(to: PictureFile.read(file), named: file.path)
        outcome = .read(
          read.shape, digest: Digest.bytes(of: read.bytes),
          isDark: !read.bytes.contains { $0 > 1 })
        picture = read
      } catch {
        outcome = .unreadable((error as? Failure)?.message ?? "\(file.path): \(error)")
      }
      let done = tally.access { tally in
        tally.outcomes[index] = outcome
        tally.done += 1
        if let picture, tally.kept != nil {
          tally.bytes += picture.bytes.count
          tally.kept?[index] = picture
          if tally.bytes > memory { tally.kept = nil }
        }
        return tally.done
      }
      progress(done, count)
    }
    return tally.access { ($0.outcomes.map { $0! }, $0.kept) }
  }

  /// The shape of all pictures. If some are RGB, the grey ones become RGB too.
  private func shape(of outcomes: [Outcome]) throws -> InputShape {
    var first: (shape: InputShape, file: URL)?
    var channels = preparation.channels ?? 1
    for (index, outcome) in outcomes.enumerated() {
      guard case .read(let shape, _, _) = outcome else { continue }
      channels = max(channels, shape.channels)
      guard let known = first else {
        first = (shape, listing.files[index])
        continue
      }
      guard shape.height == known.shape.height, shape.width == known.shape.width else {
        throw Failure.badData(
          "expected pictures of one size, found \(listing.files[index].path) with "
            + "\(shape.width) x \(shape.height) pixels and \(known.file.path) with "
            + "\(known.shape.width) x \(known.shape.height)",
          hint: "resize them, for example with :resize=256,crop=224 after the path of the folder")
      }
    }
    guard let first else {
      preconditionFailure("notes(on:good:name:) throws if no picture can be read")
    }
    return InputShape(channels: channels, height: first.shape.height, width: first.shape.width)
  }

  /// A line about the pictures that cannot be read, if there are any.
  /// - Throws: `Failure.badData` if they are more than the tolerated share.
  private func notes(on outcomes: [Outcome], good: Int, name: String) throws -> [String] {
    let reasons = outcomes.compactMap {
      if case .unreadable(let reason) = $0 { reason } else { nil }
    }
    guard !reasons.isEmpty else { return [] }
    let named = reasons.prefix(Self.mostNamed).joined(separator: "; ")
    let more = reasons.count > Self.mostNamed ? "; and \(reasons.count - Self.mostNamed) more" : ""
    let all = "\(reasons.count) of \(outcomes.count) pictures cannot be read: \(named)\(more)"
    guard good > 0, Double(reasons.count) <= Self.toleratedShare * Double(outcomes.count) else {
      throw Failure.badData(
        "\(name): \(all)",
        hint: "only up to 1 % are left out and reported: replace or remove these files")
    }
    return ["\(name): \(all); left out"]
  }
}
