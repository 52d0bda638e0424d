import Foundation

/// The folders of the splits of some data: `train/`, `validation/` (or `val/`) and `test/`.
enum SplitFolders {
  /// The names that the folder of a split may have, without an ending. The first name that is
  /// present counts.
  static func names(_ split: Split) -> [String] {
    switch split {
    case .train: ["train"]
    case .validation: ["validation", "val"]
    case .test: ["test"]
    }
  }

  /// The folders of the splits in a folder. If there is no `test/`, `validation/` stands for it.
  /// - Parameter isPresent: whether a folder holds data of the format.
  static func find(in folder: URL, where isPresent: (URL) -> Bool) -> [Split: URL] {
    var places: [Split: URL] = [:]
    for split in Split.allCases {
      places[split] = names(split).map {
        folder.appending(path: $0, directoryHint: .isDirectory)
      }.first(where: isPresent)
    }
    if places[.test] == nil, let validation = places.removeValue(forKey: .validation) {
      places[.test] = validation
    }
    return places
  }
}
