import Foundation
import Support

/// Files that data are read from.
enum DataSource {
  /// One file.
  case file(URL)
  /// The files of a folder that may be pictures, texts or lists. With `inside`, those of the folders
  /// below it too.
  case folder(URL, inside: Bool)

  /// Adds the stamps of the files.
  /// - Returns: whether all of them could be found.
  func add(to stamps: inout FileStamps) -> Bool {
    switch self {
    case .file(let url): stamps.add(file: url.path, as: url.path)
    case .folder(let url, let inside):
      stamps.add(folder: url.path, as: url.path, inside: inside, where: Self.mayMatter)
    }
  }

  /// Whether a file in a folder of pictures or texts may matter, by its name.
  private static func mayMatter(_ name: String) -> Bool {
    PictureWalk.isPicture(name)
      || ["", "txt", "csv"].contains((name as NSString).pathExtension.lowercased())
  }
}

extension DataReference {
  /// What a split is read from. No file is opened.
  /// - Throws: `Failure` if the data are missing.
  func sources(of split: Split, among folders: DataFolders) throws -> [DataSource] {
    switch source {
    case .named(let entry):
      try entry.check(has: split)
      return try entry.sources(of: split, in: folder(of: split, among: folders))
    case .path(let url):
      if isFolder(url) { return try sources(in: url, of: split) }
      // The path of one array stands for the folder of all arrays.
      return url.pathExtension.lowercased() == "npy"
        ? try Self.arrays(in: url.deletingLastPathComponent()) : [.file(url)]
    }
  }

  /// The files in a folder, which is tried for the formats in the order in which they are tried for
  /// reading.
  private func sources(in folder: URL, of split: Split) throws -> [DataSource] {
    let digits = IDXFolder(folder)
    // The labels of both splits state the number of classes.
    if IDXFolder.splits.contains(where: digits.has) {
      let labels = IDXFolder.splits.compactMap { digits.file(IDXFolder.fileNames($0).labels) }
      return (digits.files(of: split) + labels).map { .file($0) }
    }
    if let files = CIFAR(folder) { return files.sources(of: split) }
    if SVHN.isPresent(in: folder) { return SVHN(folder).sources(of: split) }
    let arrays = try Self.arrays(in: folder)
    if !arrays.isEmpty { return arrays }
    return Self.documents(in: folder, hasList: options.contains { $0.name == "csv" })
  }

  private static func arrays(in folder: URL) throws -> [DataSource] {
    try FolderEntry.all(in: folder).filter { $0.name.hasSuffix(".npy") }
      .map { .file(folder.appending(path: $0.name)) }
  }

  /// The files of a folder of tables, pictures or texts.
  /// - Parameter hasList: whether a list is named, which may lie anywhere in the folder.
  private static func documents(in folder: URL, hasList: Bool) -> [DataSource] {
    let isTable = SplitFolders.names(.train).contains {
      FileManager.default.fileExists(atPath: folder.appending(path: $0 + ".csv").path)
    }
    let isPictures = PictureParts.isPresent(in: folder)
    if isTable, !isPictures { return [.folder(folder, inside: false)] }
    let places =
      isPictures
      ? hasList ? nil : PictureParts.places(in: folder)
      : Array(SplitFolders.find(in: folder, where: isFolder).values)
    guard let places, !places.isEmpty, !places.contains(folder) else {
      return [.folder(folder, inside: true)]
    }
    return [.folder(folder, inside: false)]
      + places.sorted { $0.path < $1.path }.map { .folder($0, inside: true) }
  }
}

extension DatasetEntry {
  /// What a split of a named data set is read from, in the folder that holds its files.
  func sources(of split: Split, in folder: URL) -> [DataSource] {
    switch format {
    case .idx: return IDXFolder(folder).files(of: split).map { .file($0) }
    case .digits5k: return [.file(folder.appending(path: Digits5k.fileName))]
    case .svhn: return SVHN(folder).sources(of: split)
    case .cifar(let archive):
      return CIFAR(cifar(archive, split, in: folder))?.sources(of: split) ?? []
    case .idxOrPictures(let folders):
      let digits = IDXFolder(folder)
      guard !digits.has(split), let pictures = folders[split] else {
        return digits.files(of: split).map { .file($0) }
      }
      return [.folder(folder.appending(path: pictures), inside: true)]
    case .newsgroups: return Newsgroups.sources(in: folder)
    case .drawn: return []
    case .generated(let type): return type.files(of: split, in: folder).map { .file($0) }
    }
  }
}
