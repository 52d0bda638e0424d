import Foundation
import ModelCore
import Support

/// A folder with IDX files under MNIST's names, each of them gzipped (`….gz`) or not.
public struct IDXFolder: Sendable {
  /// The folder with the files.
  public let folder: URL

  /// Keeps the folder. Nothing is read before `load`.
  public init(_ folder: URL) {
    self.folder = folder
  }

  /// The splits that such a folder may have.
  static let splits: [Split] = [.train, .test]

  /// The names of the two files of the training or the test set, without `.gz`.
  public static func fileNames(_ split: Split) -> (images: String, labels: String) {
    let prefix = split == .train ? "train" : "t10k"
    return ("\(prefix)-images-idx3-ubyte", "\(prefix)-labels-idx1-ubyte")
  }

  /// The file `NAME.gz`, or else the file `NAME`; nil if neither exists.
  func file(_ name: String) -> URL? {
    [name + ".gz", name].map { folder.appending(path: $0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// Whether at least one of a split's two files exists. One is enough, so that `load` can name the
  /// missing one.
  func has(_ split: Split) -> Bool {
    guard Self.splits.contains(split) else { return false }
    let names = Self.fileNames(split)
    return file(names.images) != nil || file(names.labels) != nil
  }

  /// What a split is read from, apart from the number of classes: the two files that it should have.
  func files(of split: Split) -> [URL] {
    let names = Self.fileNames(split)
    return [names.images, names.labels].map { file($0) ?? folder.appending(path: $0) }
  }

  /// Reads a split.
  /// - Parameter classNames: the names of the classes; nil to name them by their numbers, up to the
  ///   largest label of both splits.
  /// - Throws: `Failure.missing` if a file is missing; `Failure.badData` if a file is not a valid
  ///   IDX file, if the numbers of images and labels differ, or if a label has no class.
  public func load(_ split: Split, name: String, classNames: [String]? = nil) throws
    -> LabelledImages
  {
    let names = Self.fileNames(split)
    let (imageFile, labelFile) = (try existing(names.images), try existing(names.labels))
    let labels = try IDX.labels(at: labelFile)
    let images = try IDX.images(at: imageFile)
    guard images.count == labels.count else {
      throw Failure.badData(
        "\(labelFile.path): expected \(images.count) labels, "
          + "one for each image of \(imageFile.lastPathComponent), found \(labels.count)",
        hint: "are the two files of the same split?")
    }
    let classNames = try classNames ?? numberedClasses()
    if let wrong = labels.firstIndex(where: { $0 >= classNames.count }) {
      throw Failure.badData(
        "\(labelFile.path): expected labels from 0 to \(classNames.count - 1), "
          + "found \(labels[wrong]) for image \(wrong)")
    }
    return try LabelledImages(
      name: name, shape: InputShape(channels: 1, height: images.rows, width: images.columns),
      classNames: classNames,
      pixels: images.pixels, labels: labels.map(Int64.init)
    ).notingDarkness()
  }

  /// The numbers of the classes as names. Both splits count, since the test set may lack the last
  /// class of the training set.
  private func numberedClasses() throws -> [String] {
    let files = Self.splits.compactMap { file(Self.fileNames($0).labels) }
    let largest = try files.map { try IDX.labels(at: $0).max() ?? 0 }
    return (0...(largest.max() ?? 0)).map(String.init)
  }

  private func existing(_ name: String) throws -> URL {
    guard let file = file(name) else {
      throw Failure.missing(
        "No such file: \(folder.appending(path: name).path), nor \(name).gz",
        hint: "a split needs two IDX files, one of images and one of labels")
    }
    return file
  }
}
