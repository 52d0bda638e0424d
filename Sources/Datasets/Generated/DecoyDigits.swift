import Foundation
import ModelCore
import Support

/// What the two data sets of digits with decoys have in common: MNIST's files, and groups.
enum DecoyDigits {
  /// The step between the grey levels of the decoys of successive digits.
  static let step = 25

  /// The groups that the option `groups` chooses.
  enum Groups: String, CaseIterable, Sendable {
    /// The digit.
    case digits
    /// Whether the decoy has the grey level of the image's digit.
    case decoys

    init(_ options: Settings) throws {
      let word = try options.choice(
        "groups", of: Self.allCases.map(\.rawValue), default: Self.digits.rawValue,
        "the groups: the digits, or whether the decoy is that of the digit")
      self = Groups(rawValue: word)!
    }

    var names: [String] {
      switch self {
      case .digits: (0...9).map(String.init)
      case .decoys: ["decoy of the digit", "decoy of another digit"]
      }
    }

    /// The group of each image.
    /// - Parameters:
    ///   - labels: the digits.
    ///   - shown: the digits whose grey levels the decoys have.
    func of(_ labels: [Int64], shown: [Int64]) -> [Int64] {
      switch self {
      case .digits: labels
      case .decoys: zip(labels, shown).map { $0 == $1 ? 0 : 1 }
      }
    }
  }

  /// The entry of a data set that is made of MNIST's files.
  static func entry(
    name: String, summary: String, channels: Int, counts: [Split: Int],
    _ type: any GeneratedData.Type
  ) -> DatasetEntry {
    let mnist = DatasetCatalog.mnist
    let splits = Split.allCases.filter { counts[$0] != nil }
    // The validation split, where there is one, is a part of MNIST's training set.
    let files = mnist.files.map { file in
      DatasetEntry.File(
        name: file.name, size: file.size, checksum: file.checksum,
        contentChecksum: file.contentChecksum,
        splits: splits.filter { file.splits.contains(source(of: $0)) })
    }
    return DatasetEntry(
      name: name, summary: summary, classNames: mnist.classNames,
      shape: InputShape(channels: channels, height: 28, width: 28), splits: splits, counts: counts,
      format: .generated(type), origin: mnist.origin, files: files, sharedFolder: mnist.folderName)
  }

  /// The split of MNIST from which a split is made.
  static func source(of split: Split) -> Split { split == .test ? .test : .train }

  /// MNIST's images and labels from which a split is made.
  static func digits(for split: Split, from folder: URL) throws -> LabelledImages {
    try DatasetCatalog.mnist.load(source(of: split), from: folder)
  }
}
