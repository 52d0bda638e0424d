import Foundation
import Support

/// A way of keeping labelled images that a path can lead to. To add one, write its reader and add
/// it to `DataFormats.all`.
protocol DataFormat: Sendable {
  /// What it is, after "expected": for lists and errors.
  static var summary: String { get }

  /// Looks at what is at a path; nil if it is not of this format.
  ///
  /// What it looks at is not believed: `load` finds out.
  init?(_ url: URL, _ settings: Settings) throws

  /// The parts there are; none if the images are not divided.
  var parts: Set<Split> { get }

  /// Reads a part that is there, or everything where there are none (nil).
  /// - Parameter name: what the images are called in results and errors.
  /// - Throws: `Failure.badData` with the file, what was expected and what was found.
  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
}

/// Every format of data that a path can lead to.
enum DataFormats {
  /// In the order they are tried.
  static let all: [any DataFormat.Type] = [
    IDXFolder.self, CIFAR.self, SVHN.self, NPZFile.self, NPYFolder.self, SafetensorsImages.self,
    PictureFolder.self,
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
