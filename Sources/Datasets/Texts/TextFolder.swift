import Foundation
import ModelCore
import Support

/// A folder with the splits `train/` and `test/`, in each of which one subfolder per class holds
/// text files.
///
/// The words that become columns, and how rare they are, come from the training texts alone.
struct TextFolder: DataFormat {
  static let summary =
    "a folder with train/ and test/, in each one subfolder of text files per class"

  private let folder: URL
  private let places: [Split: URL]
  private let order: ClassOrder?
  private let words: Int
  private let encoding: TextEncoding

  init?(_ url: URL, _ settings: Settings) throws {
    guard isFolder(url) else { return nil }
    let places = SplitFolders.find(in: url, where: Self.isPresent)
    guard places[.train] != nil else {
      guard Self.isPresent(in: url, endings: ["txt"]) else { return nil }
      throw Failure.badData(
        "\(url.path): expected texts in train/ and in test/, found texts that are not divided",
        hint: "the words that are counted are those of the training texts: divide the texts")
    }
    self.folder = url
    self.places = places
    order = try ClassOrder(settings)
    words = try settings.int(
      "words", default: 5000, in: 1...1_000_000, "the number of the most frequent words")
    encoding = TextEncoding(
      rawValue: try settings.choice(
        "encoding", of: TextEncoding.allCases.map(\.rawValue), default: "utf-8",
        "the encoding of the texts"))!
  }

  var parts: Set<Split> { Set(places.keys) }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    let part = part ?? .test
    let root = folder.resolvingSymlinksInPath()
    let listings = try places.mapValues { try Self.files(in: $0, root: root) }
    let all = listings.values.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
    let classes = try ClassFolders(
      all, order,
      file: try ClassNamesFile.find(in: Split.allCases.compactMap { places[$0] } + [folder]),
      place: folder)
    func texts(_ split: Split) throws -> [LabelledTexts.Text] {
      try listings[split]!.flatMap { name, files in
        try files.map { file in
          LabelledTexts.Text(
            file: file.path, label: classes.labels[name]!,
            bytes: try readFile(file, limit: LabelledTexts.largestText))
        }
      }
    }
    return try LabelledTexts(
      place: folder.path, classNames: classes.names, training: texts(.train),
      texts: part == .train ? nil : texts(part), encoding: encoding
    ).rows(words: words, name: name, progress: progress).noting(classes.notes)
      .countingClasses(by: .folders)
  }

  /// The text files of each class below a folder.
  /// - Parameter root: the folder that no link may lead out of.
  private static func files(in folder: URL, root: URL) throws -> [String: [URL]] {
    var classes: [String: [URL]] = [:]
    for (name, isFolder) in try PictureWalk.entries(of: folder, root: root) where isFolder {
      let place = folder.appending(path: name, directoryHint: .isDirectory)
      let files = try PictureWalk.entries(of: place, root: root).filter {
        !$0.isFolder && isText($0.name)
      }
      guard !files.isEmpty else {
        throw Failure.badData(
          "\(place.path): expected text files in the folder of a class, found none",
          hint: "each subfolder is a class: remove the folder or add texts")
      }
      classes[name] = files.map { place.appending(path: $0.name, directoryHint: .notDirectory) }
    }
    return classes
  }

  /// Whether a file is a text by its name: it ends in `.txt`, or has no ending.
  private static func isText(_ name: String) -> Bool {
    ["", "txt"].contains((name as NSString).pathExtension.lowercased())
  }

  private static func isPresent(in folder: URL) -> Bool {
    isPresent(in: folder, endings: ["", "txt"])
  }

  /// Whether a folder has subfolders with text files in them, and none of them has a picture.
  private static func isPresent(in folder: URL, endings: Set<String>) -> Bool {
    guard !PictureListing.isPresent(in: folder) else { return false }
    return ((try? FolderEntry.all(in: folder)) ?? []).contains { entry in
      guard entry.kind == .folder || entry.kind == .link else { return false }
      let files = (try? FolderEntry.all(in: folder.appending(path: entry.name))) ?? []
      return files.contains {
        $0.kind == .file && endings.contains(($0.name as NSString).pathExtension.lowercased())
      }
    }
  }
}
