import Foundation
import ModelCore
import Support

/// What is known about a named data set.
public struct DatasetEntry: Sendable {
  /// How the set's folder is read.
  public enum Format: Sendable {
    /// Four IDX files under MNIST's names.
    case idx
    /// The table of `Digits5k`.
    case digits5k
    /// No files: drawn by `SevenSegmentDigits`.
    case drawn
  }

  /// How the set's files get onto a machine.
  public enum Origin: Sendable {
    /// Each file is at each of these addresses, under its name.
    case addresses([String])
    /// No address has the files in this form; the text says what to do.
    case byHand(String)
    /// There are no files.
    case none
  }

  /// One published file.
  public struct File: Sendable {
    /// The name it has at its addresses and in the set's folder.
    public let name: String
    /// In bytes, as published.
    public let size: Int
    /// Of the file as published.
    public let checksum: Checksum
    /// Of what it inflates to, which does not change when the file is compressed again; nil if not known.
    public let contentChecksum: Checksum?
    /// The splits it holds.
    public let splits: [Split]
  }

  /// What users write.
  public let name: String
  /// One line for lists.
  public let summary: String
  /// The name of each class, in the order of the labels.
  public let classNames: [String]
  /// The shape of every image.
  public let shape: ImageShape
  /// The number of images, for the splits where it is fixed.
  public let counts: [Split: Int]
  /// How it is read.
  public let format: Format
  /// How it is got.
  public let origin: Origin
  /// The published files whose checksums are known.
  public let files: [File]

  /// Reads one split from the folder that holds the set's files; drawn sets ignore the folder.
  /// - Throws: `Failure.missing` for an absent file, `Failure.badData` for a wrong one.
  public func load(
    _ split: Split, from folder: URL, progress: @escaping DataReference.Progress = { _, _ in }
  ) throws -> LabelledImages {
    switch format {
    case .idx:
      let images = try IDXFolder(folder).load(split, name: "\(name):\(split.rawValue)", classNames: classNames)
      guard images.shape == shape else {
        throw Failure.badData(
          "\(folder.path): expected \(name)'s images of shape \(shape), found \(images.shape)",
          hint: "give the folder's path instead of a name")
      }
      return images
    case .digits5k: return try Digits5k.load(split, from: folder)
    case .drawn: return try SevenSegmentDigits().images(split)
    }
  }

  /// Whether both splits can be found in the usual folders.
  public func isHere(folders: DataFolders = DataFolders()) -> Bool {
    Split.allCases.allSatisfy { split in folders.candidates(for: name).contains { isPresent(split, in: $0) } }
  }

  /// Whether a folder has the files of a split, readable or not.
  func isPresent(_ split: Split, in folder: URL) -> Bool {
    switch format {
    case .idx: IDXFolder(folder).has(split)
    case .digits5k: FileManager.default.fileExists(atPath: folder.appending(path: Digits5k.fileName).path)
    case .drawn: true
    }
  }
}
