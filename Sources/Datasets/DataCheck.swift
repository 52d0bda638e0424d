import Foundation
import ModelCore
import Support

/// The result of checking a data set.
public struct DataCheck: Sendable, Equatable, Codable {
  /// One property that was checked.
  public struct Row: Sendable, Equatable, Codable {
    /// The result of comparing what was found with what was expected.
    public enum Verdict: String, Sendable, Codable {
      /// As expected.
      case good
      /// Not as expected.
      case bad
      /// Not as expected, but possible in sound data.
      case warning
      /// Nothing is known to compare it with.
      case unknown
    }

    /// The split; nil for a file that holds both splits and for data without splits.
    public let split: Split?
    /// The property, such as `images`, or the name of a file, such as `train-images-idx3-ubyte.gz`.
    public let subject: String
    /// The value that was found, or the reason why it cannot be read.
    public let found: String
    /// The expected value; nil if none is known.
    public let expected: String?
    /// Whether what was found is what was expected.
    public let verdict: Verdict

    init(
      _ split: Split?, _ subject: String, found: String, expected: String? = nil,
      verdict: Verdict? = nil
    ) {
      self.split = split
      self.subject = subject
      self.found = found
      self.expected = expected
      self.verdict = verdict ?? (expected == nil ? .unknown : expected == found ? .good : .bad)
    }
  }

  /// Everything that was checked: first the files, then each split.
  public let rows: [Row]

  /// Whether every comparison found what was expected.
  public var passed: Bool { rows.allSatisfy { $0.verdict != .bad } }
}

extension DataReference {
  /// Loads the data and compares them with what is known about them: the checksums of published
  /// files, whether the data can be read, the number, the shape and the labels of the images, and
  /// whether test images are also training images.
  ///
  /// Checks the split in the reference, or all splits that exist if it names none. Wrong data do
  /// not throw an error: they give rows with the verdict `bad`.
  /// - Throws: `Failure.missing` if no split exists.
  public func check(
    folders: DataFolders = DataFolders(), progress: @escaping Progress = { _, _ in }
  ) throws -> DataCheck {
    if try split == nil && isUndivided {
      return DataCheck(
        rows: try readableRows(nil) { try load(.test, folders: folders, progress: progress) })
    }
    // A path is only checked for the splits that it has, which `present` are among all.
    let wanted = split.map { [$0] } ?? entry?.splits ?? Split.allCases
    let present = wanted.filter { isPresent($0, among: folders) }
    // Loading throws an error that says where the data were searched.
    if present.isEmpty { _ = try load(wanted[0], folders: folders) }

    var rows: [DataCheck.Row] = []
    for file in entry?.files ?? [] {
      guard let split = present.first(where: file.splits.contains) else { continue }
      guard let checksum = file.checksum else { continue }
      rows.append(checksumRow(of: file, checksum, in: try folder(of: split, among: folders)))
    }
    var digests: [Split: [[UInt8]]] = [:]
    var isTable = false
    for split in wanted where entry != nil || present.contains(split) {
      guard present.contains(split) else {
        rows.append(DataCheck.Row(split, "readable", found: "not on this machine", expected: "yes"))
        continue
      }
      rows += try readableRows(split) {
        let images = try load(split, folders: folders, progress: progress)
        digests[split] = images.imageDigests
        isTable = images.shape.sizes.count == 1
        return images
      }
    }
    for split in [Split.validation, .test] {
      guard let train = digests[.train], let others = digests[split] else { continue }
      rows.append(overlapRow(train: train, split, others, isTable: isTable))
    }
    return DataCheck(rows: rows)
  }

  /// The rows about the content of images. Images that cannot be read make a row, not an error.
  private func readableRows(_ split: Split?, _ load: () throws -> LabelledImages) throws
    -> [DataCheck.Row]
  {
    do {
      return contentRows(of: try load(), split)
    } catch let failure as Failure where failure.kind == .badData {
      return [DataCheck.Row(split, "readable", found: failure.message, expected: "yes")]
    }
  }

  private func contentRows(of data: LabelledImages, _ split: Split?) -> [DataCheck.Row] {
    let histogram = data.histogram
    let counts = zip(data.classNames, histogram).map { "\($0): \($1)" }.joined(separator: ", ")
    var rows = [DataCheck.Row(split, "readable", found: "yes", expected: "yes")]
    rows += data.notes.map { DataCheck.Row(split, "note", found: $0) }
    rows += [
      DataCheck.Row(
        split, "images", found: "\(data.count)",
        // Options may choose other numbers of images than the published ones.
        expected: split.flatMap { options.isEmpty ? entry?.counts[$0] : nil }.map { "\($0)" }),
      DataCheck.Row(split, "shape", found: "\(data.shape)", expected: entry.map { "\($0.shape)" }),
    ]
    if data.valueRange != 0...1 {
      rows.append(DataCheck.Row(split, "value range", found: data.valueRange.words))
    }
    rows.append(
      DataCheck.Row(
        split, "images per class", found: counts, expected: entry.map { _ in "some of each" },
        verdict: entry == nil ? .unknown : histogram.contains(0) ? .bad : .good))
    rows += annotationRows(of: data, split)
    return rows + [DataCheck.Row(split, "fingerprint", found: data.fingerprint)]
  }

  /// The row about images of another split that are also training images.
  ///
  /// They fail the check if they are all images of the split, or more than 1 % of pictures that are
  /// not published: some published data have a few, and rows of a table may be equal by chance.
  private func overlapRow(
    train: [[UInt8]], _ split: Split, _ others: [[UInt8]], isTable: Bool
  ) -> DataCheck.Row {
    let places = Dictionary(
      train.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let shared = others.indices.filter { places[others[$0]] != nil }
    let subject = "\(split.rawValue) images that are also training images"
    guard let example = shared.first else {
      return DataCheck.Row(nil, subject, found: "none", expected: "none")
    }
    let share = Double(shared.count) / Double(others.count)
    let isBad = share == 1 || entry == nil && !isTable && share > 0.01
    let percent = ((share * 10_000).rounded() / 100).plainDecimal
    return DataCheck.Row(
      nil, subject,
      found: "\(shared.count) of \(others.count) (\(percent) %), such as \(split.rawValue) image "
        + "\(example), which is training image \(places[others[example]]!); a model may know them "
        + "by heart",
      expected: "none", verdict: isBad ? .bad : .warning)
  }

  /// The rows about groups and masks, if the data have them.
  private func annotationRows(of data: LabelledImages, _ split: Split?) -> [DataCheck.Row] {
    let annotations = data.annotations
    var rows: [DataCheck.Row] = []
    if let groups = annotations.groups {
      let counts = Dictionary(groups.int64s().map { ($0, 1) }, uniquingKeysWith: +)
      let sizes = counts.values
      let found =
        data.groupNames.map { names in
          names.enumerated().map { "\($1): \(counts[Int64($0)] ?? 0)" }.joined(separator: ", ")
        } ?? "\(sizes.count), of \(sizes.min() ?? 0) to \(sizes.max() ?? 0) images each"
      rows.append(
        DataCheck.Row(
          split, data.groupNames == nil ? "groups" : "images per group", found: found))
    }
    if let masks = annotations.storedMasks {
      let percent = ((masks.share * 10_000).rounded() / 100).plainDecimal
      rows.append(DataCheck.Row(split, "masks", found: "\(percent) % of all numbers are masked"))
    }
    return rows
  }

  /// Compares the checksum of a file.
  ///
  /// If the checksum of the decompressed content is known, that is compared, so that a file that is
  /// not compressed or was compressed anew passes too.
  private func checksumRow(of file: DatasetEntry.File, _ checksum: Checksum, in folder: URL)
    -> DataCheck.Row
  {
    let split = file.splits.count == 1 ? file.splits[0] : nil
    guard let url = IDXFolder(folder).file(file.name.replacingOccurrences(of: ".gz", with: ""))
    else {
      return DataCheck.Row(split, file.name, found: "missing", expected: checksum.description)
    }
    do {
      let found: Checksum
      if let content = file.contentChecksum {
        let data = try readFile(url, limit: IDX.largest)
        found =
          try Gzip.isGzip(data)
          ? content.of(Gzip.inflate(data, named: url.path, limit: IDX.largest)) : content.of(data)
      } else {
        found = try checksum.ofFile(url)
      }
      let expected = file.contentChecksum ?? checksum
      return DataCheck.Row(
        split, url.lastPathComponent, found: found.description, expected: expected.description)
    } catch {
      let found = (error as? Failure)?.message ?? "\(error)"
      return DataCheck.Row(
        split, url.lastPathComponent, found: found, expected: checksum.description)
    }
  }
}
