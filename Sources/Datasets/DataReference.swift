import Foundation
import Support

/// What a user writes to say which data are meant: a data set's name or a folder's path, then `:train`, `:test` or nothing.
///
/// A text is a path if it contains a slash, begins with a dot or a tilde, or is no known name but an existing folder.
public struct DataReference: Sendable, CustomStringConvertible {
  enum Source: Sendable {
    case named(DatasetEntry)
    case folder(URL)
  }

  /// The reference as written.
  public let description: String
  /// The split that was written, if any.
  public let split: Split?
  let source: Source
  private let base: String

  /// Parses a reference. Whether the data are there is found out by loading.
  /// - Throws: `Failure.usage` for an empty text, an unknown name or another split than `train` and `test`.
  public init(_ text: String) throws {
    description = text
    let split = Split.allCases.first { text.hasSuffix(":\($0.rawValue)") }
    let base = split.map { String(text.dropLast($0.rawValue.count + 1)) } ?? text
    guard !base.isEmpty else {
      throw Failure.usage("expected the name of a data set or the path of a folder, found '\(text)'")
    }
    self.split = split
    self.base = base
    source = try Self.source(base)
  }

  private static func source(_ base: String) throws -> Source {
    if let entry = DatasetCatalog.all.first(where: { $0.name == base }) { return .named(entry) }
    let folder = URL(filePath: (base as NSString).expandingTildeInPath)
    if base.contains("/") || base.hasPrefix(".") || base.hasPrefix("~") || isFolder(folder) { return .folder(folder) }
    if let colon = base.lastIndex(of: ":"), DatasetCatalog.names.contains(String(base[..<colon])) {
      let name = base[..<colon]
      let split = base[base.index(after: colon)...]
      throw Failure.usage("there is no split '\(split)'", hint: "write \(name):train or \(name):test")
    }
    return .named(try DatasetCatalog.entry(named: base))
  }

  /// The catalog's entry, unless the reference is a path.
  public var entry: DatasetEntry? {
    if case .named(let entry) = source { entry } else { nil }
  }

  /// Loads the split that was written, or else the given one.
  /// - Throws: `Failure.missing`, with the places looked at, if the data are not there; `Failure.badData` if they are
  ///   not as they should be.
  public func load(
    defaultSplit: Split, folders: DataFolders = DataFolders()
  ) throws -> LabelledImages {
    try load(split ?? defaultSplit, folders: folders)
  }

  /// Loads a split, whichever was written.
  /// - Throws: as `load(defaultSplit:folders:)`.
  public func load(_ split: Split, folders: DataFolders = DataFolders()) throws -> LabelledImages {
    let folder = try folder(of: split, among: folders)
    switch source {
    case .named(let entry): return try entry.load(split, from: folder)
    case .folder: return try IDXFolder(folder).load(split, name: "\(base):\(split.rawValue)")
    }
  }

  /// The folder that holds a split's files.
  func folder(of split: Split, among folders: DataFolders) throws -> URL {
    switch source {
    case .named(let entry):
      let places = folders.candidates(for: entry.name)
      guard let place = places.first(where: { entry.isPresent(split, in: $0) }) else {
        throw Self.missing(entry, split, places)
      }
      return place
    case .folder(let folder):
      try Self.checkFolder(folder)
      return folder
    }
  }

  /// Whether the files of a split are there, readable or not.
  func isPresent(_ split: Split, among folders: DataFolders) -> Bool {
    switch source {
    case .named(let entry): folders.candidates(for: entry.name).contains { entry.isPresent(split, in: $0) }
    case .folder(let folder): IDXFolder(folder).has(split)
    }
  }

  private static func missing(_ entry: DatasetEntry, _ split: Split, _ places: [URL]) -> Failure {
    let getting =
      switch entry.origin {
      case .addresses, .none: "get it with: crossfire data get \(entry.name)"
      case .byHand(let advice): "\(advice), and put it in \(places.last!.path)"
      }
    let looked = places.map(\.path).joined(separator: " and ")
    return .missing(
      "the data set \(entry.name) (\(split.rawValue)) is not on this machine; looked in \(looked)",
      hint: "\(getting); or set CROSSFIRE_DATA to the folder that has it in its subfolder \(entry.name)")
  }

  private static func checkFolder(_ folder: URL) throws {
    guard isFolder(folder) else {
      throw Failure.missing(
        "there is no folder \(folder.path)", hint: "known data sets: \(DatasetCatalog.names.joined(separator: ", "))")
    }
    let files = IDXFolder(folder)
    guard !Split.allCases.contains(where: files.has) else { return }
    guard !holdsPictures(folder) else {
      throw Failure.badData(
        "\(folder.path): a folder with pictures in a subfolder per class cannot be read yet",
        hint: "convert it to IDX files under MNIST's names")
    }
    throw Failure.missing(
      "there are no IDX files in \(folder.path)",
      hint: "expected \(IDXFolder.fileNames(.train).images), with or without .gz, and MNIST's other three")
  }

  private static func holdsPictures(_ folder: URL) -> Bool {
    let manager = FileManager.default
    let names = (try? manager.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.contains { name in
      let files = (try? manager.contentsOfDirectory(atPath: folder.appending(path: name).path)) ?? []
      return files.contains { ["png", "jpg", "jpeg"].contains(($0 as NSString).pathExtension.lowercased()) }
    }
  }
}
