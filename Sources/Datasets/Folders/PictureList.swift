import Foundation
import Support

/// A list of pictures: a CSV file with a header and a row for each picture.
///
/// Paths in it start from `images/` (those of masks from `masks/`) or from the folder of the list,
/// and lead to files below the folder of the data.
struct PictureList: Sendable {
  /// One picture of a list.
  struct Row: Sendable {
    let line: Int
    let file: URL
    let split: Split?
    let label: String?
    let group: String?
    /// The mask pictures; nil if the list has no column of masks.
    let masks: [URL]?
  }

  let url: URL
  let rows: [Row]
  /// Whether the list has a column of splits.
  let isDivided: Bool

  static let splitColumn = "split"

  /// The splits of the rows.
  var splits: Set<Split> { Set(rows.compactMap(\.split)) }

  /// The rows of a split.
  func rows(of split: Split) -> PictureList { with(rows.filter { $0.split == split }) }

  /// The rows of the pictures below a folder.
  func rows(in folder: URL) -> PictureList {
    with(rows.filter { $0.file.path.hasPrefix(folder.path + "/") })
  }

  private func with(_ rows: [Row]) -> PictureList {
    PictureList(url: url, rows: rows, isDivided: isDivided)
  }

  /// Whether an entry of a folder may be a list.
  static func isList(_ entry: FolderEntry) -> Bool {
    entry.kind == .file && (entry.name as NSString).pathExtension.lowercased() == "csv"
  }

  /// Finds the list of a folder: the file that the option `csv` names, or else the only CSV file with
  /// a column of paths. A note names the CSV files without such a column.
  /// - Parameter root: the folder of the data, which no path may lead out of.
  static func find(
    in folder: URL, root: URL, _ options: PictureListOptions, _ notes: inout [String]
  ) throws -> PictureList? {
    if let name = options.csv {
      guard let place = try PathBelow(name)?.in(folder, root: root) else { return nil }
      return try PictureList(place, root: root, options)
    }
    let files = try FolderEntry.all(in: folder).filter(isList).map {
      folder.appending(path: $0.name)
    }
    // A file that is no CSV table may lie beside class folders.
    let lists = files.filter {
      ((try? CSVReader.header(of: $0)) ?? []).contains(options.file)
    }
    guard lists.count <= 1 else {
      throw Failure.badData(
        "\(folder.path): expected one list of pictures, found "
          + lists.map(\.lastPathComponent).joined(separator: " and "),
        hint: "state which to read, as in csv=\(lists[0].lastPathComponent)")
    }
    for file in files where !lists.contains(file) {
      notes.append(
        "\(file.path): left out, because it has no column '\(options.file)' with paths of pictures")
    }
    return try lists.first.map { try PictureList($0, root: root, options) }
  }

  /// Reads a list.
  /// - Throws: `Failure.badData`, with the file and the line, for a path that leads out of the
  ///   folder, a file that is missing or listed twice, an empty field, and whatever `CSVReader`
  ///   refuses.
  init(_ url: URL, root: URL, _ options: PictureListOptions) throws {
    let folder = url.deletingLastPathComponent()
    var columns: Set<String> = []
    var lines: [URL: Int] = [:]
    let group: String? =
      switch options.grouping {
      case .column(let name): name
      case nil: "group"
      default: nil
      }
    rows = try CSVReader.read(url) { header in
      columns = Set(header)
      let needed = [options.file] + (options.grouping == nil ? [] : [group].compactMap { $0 })
      for column in needed where !columns.contains(column) {
        throw Failure.badData(
          "\(url.path):1: the column '\(column)' is missing",
          hint: "found: " + header.prefix(20).joined(separator: ", "))
      }
    } _: { row in
      func word(_ column: String?) throws -> String? {
        guard let column, columns.contains(column) else { return nil }
        let text = row.text(column).trimmingCharacters(in: .whitespaces)
        guard !text.isEmpty else { throw row.wrong(column, "a word or a whole number") }
        return text
      }
      let places = Places(list: folder, root: root, row: row)
      let file = try places.file(row.text(options.file), options.file, beside: "images")
      if let first = lines.updateValue(row.line, forKey: file) {
        throw row.wrong(options.file, "each picture once, but line \(first) has it too")
      }
      let masks =
        try columns.contains(options.mask)
        ? row.text(options.mask).split(separator: ";").map {
          try places.file(
            $0.trimmingCharacters(in: .whitespaces), options.mask, beside: "masks")
        } : nil
      return Row(
        line: row.line, file: file,
        split: columns.contains(Self.splitColumn) ? try Self.split(row) : nil,
        label: try word(options.label), group: try word(group), masks: masks)
    }
    self.url = url
    isDivided = columns.contains(Self.splitColumn)
    guard !rows.isEmpty else {
      throw Failure.badData("\(url.path): expected a row for each picture, found none")
    }
  }

  private init(url: URL, rows: [Row], isDivided: Bool) {
    self.url = url
    self.rows = rows
    self.isDivided = isDivided
  }

  private static func split(_ row: CSVReader.Row) throws -> Split {
    let text = row.text(splitColumn).trimmingCharacters(in: .whitespaces)
    guard let split = Split.allCases.first(where: { SplitFolders.names($0).contains(text) }) else {
      throw row.wrong(splitColumn, "train, validation or test")
    }
    return split
  }

  /// Where the paths of a row may lead.
  private struct Places {
    let list: URL
    let root: URL
    let row: CSVReader.Row

    /// The file that a path names, in one of two folders: the folder `images` or `masks` beside the
    /// list, or the folder of the list itself.
    func file(_ path: String, _ column: String, beside name: String) throws -> URL {
      guard let path = PathBelow(path) else {
        let failure = row.wrong(
          column, "a path below the folder of the list, such as cat/1.png")
        throw Failure(
          failure.kind, failure.message,
          hint: "paths are relative, without '..', and with slashes between folders")
      }
      for folder in [list.appending(path: name, directoryHint: .isDirectory), list] {
        if let file = try path.in(folder, root: root) { return file }
      }
      throw row.wrong(column, "a picture that is in \(list.path) or in its folder \(name)")
    }
  }
}

/// A path from a file that someone else may have written, which leads below the folder that it is
/// used in.
struct PathBelow {
  private let path: String

  /// - Returns: nil for a path that is empty or absolute, that has a component `.` or `..`, or a
  ///   control character or a backslash anywhere.
  init?(_ path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let isSafe = parts.allSatisfy { part in
      !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        && part.unicodeScalars.allSatisfy {
          $0.properties.generalCategory != .control && $0 != "\\"
        }
    }
    guard isSafe, parts.count <= 32 else { return nil }
    self.path = path
  }

  /// The file at this path in a folder; nil if there is none.
  /// - Throws: `Failure.badData` if a link leads out of `root`.
  func `in`(_ folder: URL, root: URL) throws -> URL? {
    let file = folder.appending(path: path, directoryHint: .notDirectory)
    guard FileManager.default.fileExists(atPath: file.path), !isFolder(file) else { return nil }
    let (real, target) = (root.resolvingSymlinksInPath(), file.resolvingSymlinksInPath())
    guard target.path.hasPrefix(real.path + "/") else {
      throw Failure.badData(
        "\(file.path) leads out of the folder, to \(target.path)",
        hint: "replace the link by a copy of the file or folder")
    }
    return file
  }
}
