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
    /// SVHN's two MATLAB files, in colour or in grey.
    case svhn(grey: Bool)
    /// The archive of a CIFAR's binary version, under this name, or its files.
    case cifar(archive: String)
    /// Four IDX files under MNIST's names, or else these folders of pictures.
    case idxOrPictures([Split: String])
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
    /// Of the file as published; nil if nobody published it.
    public let checksum: Checksum?
    /// Of what it inflates to, which does not change when the file is compressed again; nil if not
    /// known.
    public let contentChecksum: Checksum?
    /// The splits it holds.
    public let splits: [Split]
    /// The folder that the file, an archive, is unpacked to.
    var unpacksTo: String? = nil
  }

  /// What users write.
  public let name: String
  /// One line for lists.
  public let summary: String
  /// The name of each class, in the order of the labels.
  public let classNames: [String]
  /// The shape of every image.
  public let shape: InputShape
  /// The number of images, for the splits where it is fixed.
  public let counts: [Split: Int]
  /// How it is read.
  public let format: Format
  /// How it is got.
  public let origin: Origin
  /// The published files.
  public let files: [File]
  /// The name of the set's folder, which sets that are made of the same files share.
  public var folderName: String { sharedFolder ?? name }
  var sharedFolder: String? = nil

  /// Reads one split from the folder that holds the set's files; drawn sets ignore the folder.
  /// - Throws: `Failure.missing` for an absent file, `Failure.badData` for a wrong one.
  public func load(
    _ split: Split, from folder: URL, progress: @escaping DataReference.Progress = { _, _ in }
  ) throws -> LabelledImages {
    let title = "\(name):\(split.rawValue)"
    let images: LabelledImages
    switch format {
    case .idx: images = try IDXFolder(folder).load(split, name: title, classNames: classNames)
    case .digits5k: return try Digits5k.load(split, from: folder)
    case .svhn(let grey):
      images = try SVHN(folder, isGrey: grey).load(split, name: title, progress: progress)
    case .cifar(let archive):
      let place =
        [folder, folder.appending(path: archive)].first { isThere(split, at: $0) } ?? folder
      guard let files = CIFAR(place) else {
        throw Failure.missing("there is no \(archive) in \(folder.path)")
      }
      images = try files.load(split, name: title, progress: progress)
    case .idxOrPictures(let folders):
      let files = IDXFolder(folder)
      guard !files.has(split), let pictures = folders[split] else {
        images = try files.load(split, name: title, classNames: classNames)
        break
      }
      let place = folder.appending(path: pictures)
      images = try PictureFolder(folder: place, places: [split: place]).load(
        split, name: title, progress: progress)
    case .drawn: return try SevenSegmentDigits().images(split)
    }
    guard images.shape == shape, images.classCount == classNames.count else {
      throw Failure.badData(
        "\(folder.path): expected \(name)'s images of shape \(shape) in \(classNames.count) classes, found \(images.shape) "
          + "in \(images.classCount)", hint: "give the folder's path instead of a name")
    }
    return images
  }

  /// Whether both splits can be found in the usual folders.
  public func isHere(folders: DataFolders = DataFolders()) -> Bool {
    Split.allCases.allSatisfy { split in
      folders.candidates(for: folderName).contains { isPresent(split, in: $0) }
    }
  }

  /// Whether a folder has the files of a split, readable or not.
  func isPresent(_ split: Split, in folder: URL) -> Bool {
    switch format {
    case .idx: IDXFolder(folder).has(split)
    case .digits5k:
      FileManager.default.fileExists(atPath: folder.appending(path: Digits5k.fileName).path)
    case .svhn: SVHN(folder).parts.contains(split)
    case .cifar(let archive):
      [folder, folder.appending(path: archive)].contains { isThere(split, at: $0) }
    case .idxOrPictures(let folders):
      IDXFolder(folder).has(split)
        || folders[split].map { isFolder(folder.appending(path: $0)) } == true
    case .drawn: true
    }
  }

  /// Whether a CIFAR's files of a split are in a folder, or it is their archive.
  private func isThere(_ split: Split, at url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.path) && CIFAR(url)?.parts.contains(split) == true
  }
}
