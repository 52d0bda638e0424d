import Foundation
import ModelCore
import Support

/// Decodes every picture of a listing once, on all threads, so that unreadable files are known before
/// anything is computed.
///
/// If the pixels fit into `memory`, they are kept. Otherwise only a digest of each picture is kept,
/// and the picture is decoded again whenever it is used. A cache may know the digests from an earlier
/// opening.
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
  let reading: MaskReading
  let memory: Int
  let cache: DataCache?

  init(
    _ listing: PictureListing, _ preparation: PicturePreparation, _ reading: MaskReading = .init(),
    memory: Int = memory, cache: DataCache? = nil
  ) {
    self.cache = cache
    self.listing = listing
    self.preparation = preparation
    self.reading = reading
    self.memory = memory
  }

  /// A picture and its mask, prepared.
  struct Opened: Sendable {
    let picture: Raster
    /// One channel; nil if the pictures have no masks.
    let mask: Raster?

    var byteCount: Int { picture.bytes.count + (mask?.bytes.count ?? 0) }
  }

  /// What became of a picture.
  enum Outcome: Sendable {
    case read(Facts)
    case unreadable(String)
    /// The mask cannot be read or does not fit. Without it, the picture must not be used.
    case badMask(Failure)
  }

  /// What is known of a picture that was read.
  struct Facts: Sendable {
    let shape: InputShape
    let digest: [UInt8]
    /// Whether every byte is 0 or 1.
    let isDark: Bool
    /// The digest of the mask; nil if the pictures have no masks.
    let maskDigest: [UInt8]?
    /// Whether the mask is zero everywhere.
    let isUnmasked: Bool

  }

  /// Decodes all pictures and their masks, unless the cache knows what became of each.
  /// - Parameter progress: is called, from any thread, with the number of decoded pictures and the
  ///   number of all pictures.
  /// - Throws: `Failure.badData` if the pictures differ in size, if more than the tolerated share is
  ///   unreadable, or if a mask cannot be read or does not fit its picture.
  func images(name: String, progress: @escaping DataReference.Progress) throws -> LabelledImages {
    let entry = cache.map(self.entry(in:))
    // An entry of which no images can be made was not written by a successful opening.
    if let known = entry.flatMap(self.outcomes(in:)),
      let images = try? self.images(name, known, kept: nil)
    {
      return images
    }
    let (outcomes, kept) = decode(progress)
    let images = try self.images(name, outcomes, kept: kept)
    if let entry, kept == nil, let bytes = Outcome.bytes(outcomes) { entry.write(bytes) }
    return images
  }

  /// Makes labelled images of what became of each picture.
  /// - Parameter kept: the pictures, by their places in the listing; nil if they stay in their files.
  private func images(
    _ name: String, _ outcomes: [Outcome], kept: [Int: Opened]?
  ) throws -> LabelledImages {
    for case .badMask(let failure) in outcomes { throw failure }
    let good = outcomes.indices.filter { if case .read = outcomes[$0] { true } else { false } }
    let facts = outcomes.compactMap { if case .read(let facts) = $0 { facts } else { nil } }
    var notes = try self.notes(on: outcomes, good: good.count, name: name) + listing.notes
    if facts.allSatisfy(\.isDark) { notes.append(LabelledImages.darkness(of: name)) }
    if listing.masks != nil, facts.allSatisfy(\.isUnmasked) {
      notes.append(
        "\(name): every mask is zero, so no number is marked as one that must not matter")
    }
    let groups = listing.groups.map { $0.choosing(good) }
    notes += groups?.notes(on: name) ?? []
    let shape = try self.shape(of: outcomes)
    let labels = good.map { listing.labels[$0] }
    let images: LabelledImages
    if let kept {
      let opened = good.map { kept[$0]! }
      images = try LabelledImages(
        name: name, classNames: listing.classNames, pixels: pixels(opened, shape), labels: labels,
        groups: groups?.numbers, groupNames: groups?.names, masks: masks(opened, shape))
    } else {
      images = try LabelledImages(
        name: name, shape: shape, classNames: listing.classNames, groupNames: groups?.names,
        stream: stream(good, facts, shape),
        annotations: Annotations(
          labels: Tensor(labels, shape: [labels.count]),
          groups: groups.map { Tensor($0.numbers, shape: [labels.count]) },
          storedMasks: maskStream(good, facts, shape).map {
            Masks($0, count: labels.count, shape: shape.sizes)
          }))
    }
    return images.countingClasses(by: .folders).noting(notes)
  }

  /// The outcome of each picture, and the pictures themselves unless they exceed `memory`.
  private func decode(_ progress: @escaping DataReference.Progress) -> (
    outcomes: [Outcome], kept: [Int: Opened]?
  ) {
    let count = listing.files.count
    struct Tally {
      var outcomes: [Outcome?]
      var kept: [Int: Opened]? = [:]
      var bytes = 0
      var done = 0
    }
    let tally = Guarded(Tally(outcomes: Array(repeating: nil, count: count)))
    inParallel(count) { index in
      let (outcome, opened) = open(index)
      let done = tally.access { tally in
        tally.outcomes[index] = outcome
        tally.done += 1
        if let opened, tally.kept != nil {
          tally.bytes += opened.byteCount
          tally.kept?[index] = opened
          if tally.bytes > memory { tally.kept = nil }
        }
        return tally.done
      }
      progress(done, count)
    }
    return tally.access { ($0.outcomes.map { $0! }, $0.kept) }
  }

  /// Decodes and prepares one picture and its mask.
  private func open(_ index: Int) -> (Outcome, Opened?) {
    let file = listing.files[index]
    let (whole, picture): (Raster, Raster)
    do {
      whole = try PictureFile.read(file)
      picture = try preparation.apply(to: whole, named: file.path)
    } catch {
      return (.unreadable((error as? Failure)?.message ?? "\(file.path): \(error)"), nil)
    }
    do {
      let mask = try listing.masks.map {
        try reading.mask(
          $0[index], size: whole.shape, prepared: picture.shape, preparation)
      }
      let opened = Opened(picture: picture, mask: mask)
      return (.read(Facts(opened)), opened)
    } catch {
      return (.badMask(error as? Failure ?? .badData("\(file.path): \(error)")), nil)
    }
  }

  /// The shape of all pictures. If some are RGB, the grey ones become RGB too.
  private func shape(of outcomes: [Outcome]) throws -> InputShape {
    var first: (shape: InputShape, file: URL)?
    var channels = preparation.channels ?? 1
    for (index, outcome) in outcomes.enumerated() {
      guard case .read(let facts) = outcome else { continue }
      let shape = facts.shape
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
