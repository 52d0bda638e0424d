import Foundation
import Support

/// Where the data of a reference are.
extension DataReference {
  /// The folder that holds the files of a split.
  func folder(of split: Split, among folders: DataFolders) throws -> URL {
    switch source {
    case .named(let entry):
      let places = folders.candidates(for: entry.folderName)
      guard let place = places.first(where: { entry.isPresent(split, in: $0) }) else {
        throw Self.missing(entry, split, places)
      }
      return place
    case .path(let url): return url
    }
  }

  /// Whether the files of a split exist, whether or not they can be read.
  func isPresent(_ split: Split, among folders: DataFolders) -> Bool {
    switch source {
    case .named(let entry):
      return folders.candidates(for: entry.folderName).contains { entry.isPresent(split, in: $0) }
    case .path:
      guard let format = try? format() else { return false }
      return format.parts.contains(split)
        || format.parts.isEmpty && (split == .test || isDivided && split == .train)
    }
  }

  private static func missing(_ entry: DatasetEntry, _ split: Split, _ places: [URL]) -> Failure {
    let getting =
      switch entry.origin {
      case .addresses, .none: "download it with: crossfire data get \(entry.name)"
      case .byHand(let advice): "\(advice), and put it into \(places.last!.path)"
      }
    let looked = places.map(\.path).joined(separator: " and ")
    return .missing(
      "the data set \(entry.name) (\(split.rawValue)) is not on this machine; searched \(looked)",
      hint: "\(getting); or set CROSSFIRE_DATA to the folder whose subfolder "
        + "\(entry.folderName) holds it")
  }
}
