import Foundation
import Support

/// A format in which a file or a folder holds labelled images.
///
/// To add a format, write its reader and add it to `DataFormats.all`. For a format that holds
/// arrays under names, see `ArrayFormat`.
protocol DataFormat: Sendable {
  /// A noun phrase that names the format in lists and error messages.
  static var summary: String { get }

  /// Finds out from the names of files and folders whether a file or folder has this format; nil if
  /// it does not.
  ///
  /// The content is checked by `load`.
  /// - Parameter settings: the options of the reference, of which the format reads its own.
  init?(_ url: URL, _ settings: Settings) throws

  /// The splits that are present; empty if the images are not divided into splits.
  var parts: Set<Split> { get }

  /// Reads a split that is present, or all images if they are not divided (nil).
  /// - Parameter name: the name of the images in results and error messages.
  /// - Throws: `Failure.badData` with the file, what was expected and what was found.
  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages

  /// The same format, which keeps in a cache what it would take long to find out again.
  func remembering(in cache: DataCache?) -> any DataFormat
}

extension DataFormat {
  func remembering(in cache: DataCache?) -> any DataFormat { self }
}

/// Every format that is read.
enum DataFormats {
  /// The formats in the order in which they are tried.
  static let all: [any DataFormat.Type] = [
    IDXFolder.self, CIFAR.self, SVHN.self, NPZFile.self, NPYFolder.self, SafetensorsImages.self,
    Table.self, PictureFolder.self, TextFolder.self,
  ]
}

extension IDXFolder: DataFormat {
  static let summary = "a folder with IDX files under MNIST's names"

  init?(_ url: URL, _ settings: Settings) throws {
    self.init(url)
    guard !parts.isEmpty else { return nil }
  }

  var parts: Set<Split> { Set(Split.allCases.filter(has)) }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    try load(part ?? .test, name: name)
  }
}
