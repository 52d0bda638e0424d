import Foundation
import Support

/// The posts of two of the 20 Newsgroups as rows of numbers, from the archive of the posts that are
/// divided by date, or from its folders.
///
/// A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), tell these two groups
/// apart by the 5,000 most frequent words. The posts have their headers, and they are decoded as
/// ISO 8859-1.
enum Newsgroups {
  static let classNames = ["alt.atheism", "soc.religion.christian"]
  static let words = 5000
  private static let archives = [
    "20news-bydate.tar.gz", "20news-bydate-atheism-christian.tar.gz",
  ]
  private static let largest = 1 << 28

  private static func part(_ split: Split) -> String { "20news-bydate-\(split.rawValue)" }

  /// Whether a folder has the posts of a split.
  static func isPresent(_ split: Split, in folder: URL) -> Bool {
    archive(in: folder) != nil || isFolder(folder.appending(path: part(split)))
  }

  private static func archive(in folder: URL) -> URL? {
    archives.map { folder.appending(path: $0) }.first {
      FileManager.default.fileExists(atPath: $0.path)
    }
  }

  /// What every split is read from, since the words come from the training posts.
  static func sources(in folder: URL) -> [DataSource] {
    isFolder(folder.appending(path: part(.train)))
      ? [.train, .test].map { .everything(folder.appending(path: part($0))) }
      : archive(in: folder).map { [.file($0)] } ?? []
  }

  /// Reads a split. The words and their weights come from the training posts.
  static func load(
    _ split: Split, from folder: URL, name: String, progress: DataReference.Progress
  ) throws -> LabelledImages {
    let texts =
      try isFolder(folder.appending(path: part(.train)))
      ? unpacked(folder) : archive(in: folder).map(archived) ?? [:]
    return try LabelledTexts(
      place: folder.path, classNames: classNames, training: texts[.train] ?? [],
      texts: split == .train ? nil : texts[split] ?? [], encoding: .latin1
    ).rows(words: words, name: name, progress: progress)
  }

  private static func unpacked(_ folder: URL) throws -> [Split: [LabelledTexts.Text]] {
    var texts: [Split: [LabelledTexts.Text]] = [:]
    for split in [Split.train, .test] {
      for (label, name) in classNames.enumerated() {
        let place = folder.appending(path: "\(part(split))/\(name)")
        for entry in try FolderEntry.all(in: place) where entry.kind == .file {
          let file = place.appending(path: entry.name)
          let bytes = try readFile(file, limit: LabelledTexts.largestText)
          texts[split, default: []].append(.init(file: file.path, label: label, bytes: bytes))
        }
      }
    }
    return texts
  }

  private static func archived(_ archive: URL) throws -> [Split: [LabelledTexts.Text]] {
    var texts: [Split: [LabelledTexts.Text]] = [:]
    var open: (split: Split, text: LabelledTexts.Text)?
    func close() {
      if let (split, text) = open { texts[split, default: []].append(text) }
      open = nil
    }
    try TarArchive(archive, limit: largest).walk { path, _ in
      close()
      let parts = path.split(separator: "/").map(String.init)
      guard parts.count == 3, let label = classNames.firstIndex(of: parts[1]),
        let split = [Split.train, .test].first(where: { part($0) == parts[0] })
      else { return nil }
      open = (split, LabelledTexts.Text(file: path, label: label, bytes: Data()))
      return { open!.text.bytes.append(contentsOf: $0) }
    }
    close()
    return texts
  }
}
