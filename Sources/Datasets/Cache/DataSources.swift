import Foundation
import Support

/// Files that data are read from.
enum DataSource {
  /// One file.
  case file(URL)
  /// The files of a folder that may be pictures, texts or lists. With `inside`, those of the folders
  /// below it too.
  case folder(URL, inside: Bool)
  /// All files of a folder and of the folders below it, hidden ones too. A list may name any of them.
  case everything(URL)

  /// Adds the stamps of the files.
  /// - Parameter base: the folder from which paths count; nil for absolute paths.
  /// - Returns: whether all of them could be found.
  func add(to stamps: inout FileStamps, from base: URL? = nil) -> Bool {
    func name(_ url: URL) -> String {
      guard let base, url.path.hasPrefix(base.path) else { return url.path }
      return String(url.path.dropFirst(base.path.count))
    }
    switch self {
    case .file(let url): return stamps.add(file: url.path, as: name(url))
    case .folder(let url, let inside):
      return stamps.add(folder: url.path, as: name(url), inside: inside, where: Self.mayMatter)
    case .everything(let url):
      return stamps.add(folder: url.path, as: name(url), hidden: true) { _ in true }
    }
  }

  /// Whether a file in a folder of pictures or texts without a list may matter, by its name.
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
  /// - Parameter hasList: whether an option names a list, which may have any name and lie anywhere in
  ///   the folder.
  private static func documents(in folder: URL, hasList: Bool) -> [DataSource] {
    if hasList { return [.everything(folder)] }
    let isTable = SplitFolders.names(.train).contains {
      FileManager.default.fileExists(atPath: folder.appending(path: $0 + ".csv").path)
    }
    let isPictures = PictureParts.isPresent(in: folder)
    if isTable, !isPictures { return [.folder(folder, inside: false)] }
    let places =
      isPictures
      ? PictureParts.places(in: folder)
      : Array(SplitFolders.find(in: folder, where: isFolder).values)
    let isListed = isPictures && places.contains(where: PictureParts.hasCSV)
    func source(_ place: URL) -> DataSource {
      isListed ? .everything(place) : .folder(place, inside: true)
    }
    guard !places.isEmpty, !places.contains(folder) else { return [source(folder)] }
    // A folder that links lead to counts once, so the places in which more files count come first.
    return places.sorted { $0.path < $1.path }.map(source) + [.folder(folder, inside: false)]
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
