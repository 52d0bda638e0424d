import Foundation
import ModelCore
import Support

/// A named data set: what it holds, how it is read and where it is published.
public struct DatasetEntry: Sendable {
  /// The format of the data set's folder.
  public enum Format: Sendable {
    /// Four IDX files under MNIST's names.
    case idx
    /// The table of `Digits5k`.
    case digits5k
    /// SVHN's two MATLAB files, in colour or in grey.
    case svhn(grey: Bool)
    /// The binary version of CIFAR-10 or CIFAR-100: the archive with this name, or the files from
    /// it.
    case cifar(archive: String)
    /// Four IDX files under MNIST's names; if they are missing, these folders of pictures.
    case idxOrPictures([Split: String])
    /// The posts of `Newsgroups`, as rows of the weights of words.
    case newsgroups
    /// No files: `SevenSegmentDigits` draws the images.
    case drawn
    /// The examples are computed when they are loaded.
    case generated(any GeneratedData.Type)
  }

  /// How the files of a data set get onto a machine.
  public enum Origin: Sendable {
    /// Each file is published at each of these addresses, under its name.
    case addresses([String])
    /// The files in this form are not published at an address; the text says how to get them.
    case byHand(String)
    /// The data set has no files.
    case none
  }

  /// One published file.
  public struct File: Sendable {
    /// The name of the file at its addresses and in the data set's folder.
    public let name: String
    /// The size of the published file in bytes.
    public let size: Int
    /// The checksum of the published file; nil if none is published.
    public let checksum: Checksum?
    /// The checksum of the decompressed content, which stays the same when the file is compressed
    /// anew; nil if it is not known.
    public let contentChecksum: Checksum?
    /// The splits that the file holds.
    public let splits: [Split]
    /// The folder that the file is unpacked to; nil if it is not unpacked.
    var unpacksTo: String? = nil
  }

  /// The name that users write.
  public let name: String
  /// A description of one line for lists.
  public let summary: String
  /// The name of each class, in the order of the labels.
  public let classNames: [String]
  /// The shape of every image.
  public let shape: InputShape
  /// The splits that the data set has.
  public var splits: [Split] = [.train, .test]
  /// The number of images of each split, if it is fixed for that split.
  public let counts: [Split: Int]
  /// The format of its folder.
  public let format: Format
  /// Where its files come from.
  public let origin: Origin
  /// The published files.
  public let files: [File]
  /// The name of the data set's folder. Data sets that are made of the same files share a folder.
  public var folderName: String { sharedFolder ?? name }
  var sharedFolder: String? = nil

  /// Reads one split from the folder that holds the data set's files. Images that are drawn need no
  /// folder.
  /// - Parameters:
  ///   - options: the options of the reference.
  ///   - cache: where what it would take long to find out again is kept; nil for nowhere.
  /// - Throws: `Failure.missing` for a file that does not exist, `Failure.badData` for one that
  ///   cannot be read or holds other images than expected.
  public func load(
    _ split: Split, from folder: URL, options: Settings = .none(), cache: DataCache? = nil,
    progress: @escaping DataReference.Progress = { _, _ in }
  ) throws -> LabelledImages {
    let title = "\(name):\(split.rawValue)"
    try check(has: split)
    let choice = try Choice(self, options)
    let images: LabelledImages
    switch format {
    case .idx: images = try IDXFolder(folder).load(split, name: title, classNames: classNames)
    case .digits5k: images = try Digits5k.load(split, from: folder)
    case .svhn(let grey):
      images = try SVHN(folder, isGrey: grey).load(split, name: title, progress: progress)
    case .cifar(let archive):
      guard let files = CIFAR(cifar(archive, split, in: folder)) else {
        throw Failure.missing("No such file: \(folder.appending(path: archive).path)")
      }
      images = try files.load(split, name: title, progress: progress)
    case .idxOrPictures(let folders):
      let files = IDXFolder(folder)
      guard !files.has(split), let pictures = folders[split] else {
        images = try files.load(split, name: title, classNames: classNames)
        break
      }
      let place = folder.appending(path: pictures)
      images = try PictureFolder(folder: place, places: [split: place]).remembering(
        in: cache
      ).load(
        split, name: title, progress: progress)
    case .newsgroups:
      images = try Newsgroups.load(split, from: folder, name: title, progress: progress)
    case .drawn: images = try SevenSegmentDigits().images(split)
    case .generated: images = try choice.generated!.load(split, name: title, from: folder)
    }
    guard images.shape == shape, images.classCount == classNames.count else {
      throw Failure.badData(
        "\(folder.path): expected images of shape \(shape) in \(classNames.count) classes, "
          + "as \(name) has them, found \(images.shape) in \(images.classCount)",
        hint: "to use these images, give the path of the folder instead of a name")
    }
    return try choice.range.map { try images.spanning($0) } ?? images
  }

  /// The folder with CIFAR's files of a split, or their archive in it.
  func cifar(_ archive: String, _ split: Split, in folder: URL) -> URL {
    [folder, folder.appending(path: archive)].first { isThere(split, at: $0) } ?? folder
  }

  /// What the options of a reference choose.
  struct Choice {
    /// The range of values that the bytes of published pictures stand for; nil for 0 to 1.
    private(set) var range: ClosedRange<Double>?
    /// The data set with its options, if it is a generated one.
    private(set) var generated: (any GeneratedData)?

    /// - Throws: `Failure.badData` with the place of an option that the data set does not have.
    init(_ entry: DatasetEntry, _ options: Settings) throws {
      if case .generated(let type) = entry.format {
        generated = try type.init(options)
      } else {
        range = try ArraySettings.range(options)
      }
      try options.finish(entry.name)
    }
  }

  /// Refuses a split that the data set does not have.
  func check(has split: Split) throws {
    guard splits.contains(split) else {
      throw Failure.missing(
        "\(name) has no split '\(split.rawValue)', only "
          + splits.map(\.rawValue).joined(separator: ", "),
        hint: split == .validation ? Self.validationAdvice : nil)
    }
  }

  /// What to do if a data set has no validation split.
  static let validationAdvice =
    "hold out some training images instead: the setting validation of a training"

  /// Whether the files of every split are in one of the folders that are searched.
  public func isHere(folders: DataFolders = DataFolders()) -> Bool {
    splits.allSatisfy { split in
      folders.candidates(for: folderName).contains { isPresent(split, in: $0) }
    }
  }

  /// Whether a folder has the files of a split, whether or not they can be read.
  func isPresent(_ split: Split, in folder: URL) -> Bool {
    guard splits.contains(split) else { return false }
    return switch format {
    case .idx: IDXFolder(folder).has(split)
    case .digits5k:
      FileManager.default.fileExists(atPath: folder.appending(path: Digits5k.fileName).path)
    case .svhn: SVHN(folder).parts.contains(split)
    case .cifar(let archive):
      [folder, folder.appending(path: archive)].contains { isThere(split, at: $0) }
    case .idxOrPictures(let folders):
      IDXFolder(folder).has(split)
        || folders[split].map { isFolder(folder.appending(path: $0)) } == true
    case .newsgroups: Newsgroups.isPresent(split, in: folder)
    case .drawn: true
    case .generated(let type): type.isPresent(split, in: folder)
    }
  }

  /// Whether `url` is a folder with CIFAR's files of a split, or their archive.
  private func isThere(_ split: Split, at url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.path) && CIFAR(url)?.parts.contains(split) == true
  }
}
