import Foundation
import ModelCore
import Support

/// What a check of a data set found.
public struct DataCheck: Sendable, Equatable, Codable {
  /// One thing that was looked at.
  public struct Row: Sendable, Equatable, Codable {
    /// How what was found compares with what was expected.
    public enum Verdict: String, Sendable, Codable {
      /// As expected.
      case good
      /// Not as expected.
      case bad
      /// Nothing is known to compare with.
      case unknown
    }

    /// The split, or nil for what concerns a file that both are in.
    public let split: Split?
    /// Such as `images` or `train-images-idx3-ubyte.gz`.
    public let subject: String
    /// What there is, or the reason it cannot be read.
    public let found: String
    /// nil where nothing is known.
    public let expected: String?
    /// How the two compare.
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

  /// Everything that was looked at: files first, then each split.
  public let rows: [Row]

  /// Whether nothing is otherwise than expected.
  public var passed: Bool { rows.allSatisfy { $0.verdict != .bad } }
}

extension DataReference {
  /// Loads the data and compares them with what is known: for published files checksums, then
  /// whether the data can be read, their number, shape and labels.
  ///
  /// Checks the split that was written, or else both (of a folder, those it has); data that are
  /// there and wrong make rows and no errors.
  /// - Throws: `Failure.missing` if none of the splits is there.
  public func check(
    folders: DataFolders = DataFolders(), progress: @escaping Progress = { _, _ in }
  ) throws -> DataCheck {
    if try split == nil && isUndivided {
      return DataCheck(
        rows: try readableRows(nil) { try load(.test, folders: folders, progress: progress) })
    }
    let wanted = split.map { [$0] } ?? Split.allCases
    let present = wanted.filter { isPresent($0, among: folders) }
    // Loading what is not there says where it was looked for.
    if present.isEmpty { _ = try load(wanted[0], folders: folders) }

    var rows: [DataCheck.Row] = []
    for file in entry?.files ?? [] {
      guard let split = present.first(where: file.splits.contains) else { continue }
      guard let checksum = file.checksum else { continue }
      rows.append(checksumRow(of: file, checksum, in: try folder(of: split, among: folders)))
    }
    for split in wanted where entry != nil || present.contains(split) {
      guard present.contains(split) else {
        rows.append(DataCheck.Row(split, "readable", found: "not on this machine", expected: "yes"))
        continue
      }
      rows += try readableRows(split) { try load(split, folders: folders, progress: progress) }
    }
    return DataCheck(rows: rows)
  }

  /// What there is to say of images that are there; that they cannot be read is no error but a row.
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
    return [
      DataCheck.Row(split, "readable", found: "yes", expected: "yes")
    ] + data.notes.map { DataCheck.Row(split, "left out", found: $0) } + [
      DataCheck.Row(
        split, "images", found: "\(data.count)",
        expected: split.flatMap { entry?.counts[$0] }.map { "\($0)" }),
      DataCheck.Row(split, "shape", found: "\(data.shape)", expected: entry.map { "\($0.shape)" }),
      DataCheck.Row(
        split, "images per class", found: counts, expected: entry.map { _ in "some of each" },
        verdict: entry == nil ? .unknown : histogram.contains(0) ? .bad : .good),
      DataCheck.Row(split, "fingerprint", found: data.fingerprint),
    ]
  }

  /// Compares what a file inflates to where that is known, so that plain and newly compressed
  /// copies pass.
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
