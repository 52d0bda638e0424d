import Foundation
import Support

/// What a user writes to say which data are meant: a data set's name or a path, then `:train`,
/// `:test` or nothing, then options as in `./photos:test:resize=256,crop=224`.
///
/// A text is a path if it contains a slash, begins with a dot or a tilde, or is no known name but
/// there is such a file or folder.
public struct DataReference: Sendable, CustomStringConvertible {
  enum Source: Sendable {
    case named(DatasetEntry)
    case path(URL)
  }

  /// The options of all formats; each format refuses those it has no use for.
  public static let optionNames = ["resize", "crop", "colour", "layout", "classes", "heldout"]

  /// How many of how many images have been read, told from any thread.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  /// The same data wherever it is read: a path is given from the root on.
  public var absolute: String {
    guard case .path(let url) = source else { return description }
    return url.standardizedFileURL.path + description.dropFirst(base.count)
  }

  /// The reference as written.
  public let description: String
  /// The split that was written, if any.
  public let split: Split?
  let source: Source
  private let base: String
  private let options: [Settings.Entry]

  /// Parses a reference. Whether the data are there is found out by loading.
  /// - Parameter folder: where a path that is not absolute starts from; nil: the current folder.
  /// - Throws: `Failure.usage` for an empty text, an unknown name or another split than `train` and
  ///   `test`.
  public init(_ text: String, from folder: URL? = nil) throws {
    description = text
    let (rest, options) = try Self.options(text)
    let split = Split.allCases.first { rest.hasSuffix(":\($0.rawValue)") }
    let base = split.map { String(rest.dropLast($0.rawValue.count + 1)) } ?? rest
    guard !base.isEmpty else {
      throw Failure.usage(
        "expected the name of a data set or the path of a folder or file, found '\(text)'")
    }
    self.split = split
    self.base = base
    self.options = options
    source = try Self.source(base, from: folder)
  }

  /// Takes the options off the end of a text.
  private static func options(_ text: String) throws -> (rest: String, options: [Settings.Entry]) {
    guard let colon = text.lastIndex(of: ":"), case let words = text[text.index(after: colon)...],
      words.contains("="), !words.contains("/")
    else { return (text, []) }
    let entries = try words.split(separator: ",", omittingEmptySubsequences: false).map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Failure.usage(
          "'\(text)': '\(word)' is not like name=value",
          hint: "for example photos:resize=256,crop=224")
      }
      return Settings.Entry(name: parts[0], value: .scalar(parts[1]), place: "'\(text)'")
    }
    return (String(text[..<colon]), entries)
  }

  private static func source(_ base: String, from folder: URL?) throws -> Source {
    if let entry = DatasetCatalog.all.first(where: { $0.name == base }) { return .named(entry) }
    let path = (base as NSString).expandingTildeInPath
    let url =
      folder.map { path.hasPrefix("/") ? URL(filePath: path) : $0.appending(path: path) }
      ?? URL(filePath: path)
    let isThere = FileManager.default.fileExists(atPath: url.path)
    if base.contains("/") || base.hasPrefix(".") || base.hasPrefix("~") || isThere {
      return .path(url)
    }
    if let colon = base.lastIndex(of: ":"), DatasetCatalog.names.contains(String(base[..<colon])) {
      let name = base[..<colon]
      let split = base[base.index(after: colon)...]
      throw Failure.usage(
        "there is no split '\(split)'", hint: "write \(name):train or \(name):test")
    }
    return .named(try DatasetCatalog.entry(named: base))
  }

  /// The catalog's entry, unless the reference is a path.
  public var entry: DatasetEntry? {
    if case .named(let entry) = source { entry } else { nil }
  }

  /// Loads the split that was written, or else the given one; of data without parts, all of them.
  /// - Parameter progress: told how far it is where pictures have to be decoded.
  /// - Throws: `Failure.missing`, with the places looked at, if the data are not there;
  ///   `Failure.badData` if they are not as they should be.
  public func load(
    defaultSplit: Split, folders: DataFolders = DataFolders(),
    progress: @escaping Progress = { _, _ in }
  ) throws -> LabelledImages {
    if split == nil, let format = try format(), format.parts.isEmpty, !isDivided {
      return try format.load(nil, name: base, progress: progress)
    }
    return try load(split ?? defaultSplit, folders: folders, progress: progress)
  }

  /// Loads a split, whichever was written. Data without parts are test images.
  /// - Throws: as `load(defaultSplit:folders:)`; `Failure.badData` if the data have no such part.
  public func load(
    _ split: Split, folders: DataFolders = DataFolders(), progress: @escaping Progress = { _, _ in }
  ) throws -> LabelledImages {
    let name = "\(base):\(split.rawValue)"
    guard let format = try format() else {
      guard case .named(let entry) = source else { preconditionFailure("a path without a format") }
      try settings.finish(entry.name)
      return try entry.load(split, from: try folder(of: split, among: folders), progress: progress)
    }
    if format.parts.contains(split) {
      return try format.load(split, name: name, progress: progress)
    }
    if format.parts.isEmpty, isDivided {
      let whole = try format.load(nil, name: name, progress: progress)
      let share = try heldOutShare(settings)
      let parts = try whole.holdingOut(
        max(1, Int(share * Double(whole.count))), seed: Seed(0).derive("heldout"))
      return split == .test ? parts.heldOut : parts.rest
    }
    guard format.parts.isEmpty, split == .test else { throw lacks(split, format) }
    return try format.load(nil, name: base, progress: progress)
  }

  /// Training on what is tested on is no test, so data without parts are not both.
  private func lacks(_ split: Split, _ format: any DataFormat) -> Failure {
    guard format.parts.isEmpty else {
      let found = format.parts.map(\.rawValue).sorted().joined(separator: ", ")
      return .missing("\(base) has no part '\(split.rawValue)', only \(found)")
    }
    return .badData(
      "\(base) has no parts: it would be trained on and tested on",
      hint: "divide it into train and test, or keep a tenth for the test: \(base):heldout=0.1")
  }

  // MARK: What a path leads to

  private var settings: Settings {
    get throws { try Settings(options, place: "'\(description)'") }
  }

  /// Whether the data come in parts, of which one is for training and one for tests.
  public var hasParts: Bool {
    get throws { try isDivided || (format().map { $0.parts == Set(Split.allCases) } ?? true) }
  }

  /// Whether the data are one set that nobody divided.
  var isUndivided: Bool {
    get throws { try !isDivided && format()?.parts.isEmpty == true }
  }

  /// Whether a part of the data is held out for the test.
  private var isDivided: Bool { options.contains { $0.name == "heldout" } }

  private func heldOutShare(_ settings: Settings) throws -> Double {
    try settings.double("heldout", in: 0.001...0.9, "the share of the images that are the test set")
  }

  /// The format of what a path leads to, with its options; nil for a named set.
  private func format() throws -> (any DataFormat)? {
    guard case .path(let url) = source else { return nil }
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw Failure.missing(
        "there is no folder or file \(url.path)",
        hint: "known data sets: \(DatasetCatalog.names.joined(separator: ", "))")
    }
    let settings = try self.settings
    if isDivided { _ = try heldOutShare(settings) }
    for type in DataFormats.all {
      guard let format = try type.init(url, settings) else { continue }
      try settings.finish(type.summary)
      guard !isDivided || format.parts.isEmpty else {
        throw Failure.badData(
          "'\(description)': heldout divides what is divided already", hint: "leave it out")
      }
      return format
    }
    throw Failure.missing(
      "there are no images in \(url.path)",
      hint: "expected " + DataFormats.all.map { $0.summary }.joined(separator: "; "))
  }

  // MARK: Where a named set lies

  /// The folder that holds a split's files, of a named set.
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

  /// Whether the files of a split are there, readable or not.
  func isPresent(_ split: Split, among folders: DataFolders) -> Bool {
    switch source {
    case .named(let entry):
      return folders.candidates(for: entry.folderName).contains { entry.isPresent(split, in: $0) }
    case .path:
      guard let format = try? format() else { return false }
      return format.parts.contains(split) || format.parts.isEmpty && (split == .test || isDivided)
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
      hint:
        "\(getting); or set CROSSFIRE_DATA to the folder that has it in its subfolder \(entry.folderName)"
    )
  }
}
