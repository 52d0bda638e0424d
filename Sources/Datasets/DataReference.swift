import Foundation
import Support

/// A text with which a user names data, such as `mnist:test` or
/// `./photos:test:resize=256,crop=224`.
///
/// The text is the name of a data set or a path, then `:train`, `:validation`, `:test` or none of
/// them, then options.
/// It is read as a path if it contains a slash, if it begins with a dot or a tilde, or if it is not
/// a known name and such a file or folder exists.
public struct DataReference: Sendable, CustomStringConvertible {
  enum Source: Sendable {
    case named(DatasetEntry)
    case path(URL)
  }

  /// The options of all formats together. Each format refuses the options that it does not have.
  public static let optionNames = [
    "resize", "crop", "colour", "order", "csv", "file", "label", "group", "mask", "drop",
    "threshold", "marks", "words", "encoding", "layout", "classes", "range", "heldout", "groups",
    "units", "split", "iris", "factors",
  ]

  /// A function that is called, from any thread, with the number of images that have been read and
  /// the number of all images.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  /// The reference with an absolute path, which means the same data in every working folder.
  public var absolute: String {
    guard case .path(let url) = source else { return description }
    return url.standardizedFileURL.path + description.dropFirst(base.count)
  }

  /// The reference as written.
  public let description: String
  /// The split in the reference; nil if it names none.
  public let split: Split?
  let source: Source
  let base: String
  let options: [Settings.Entry]

  /// Parses a reference. Only loading finds out whether the data exist.
  /// - Parameter folder: the folder that a relative path starts from; nil for the current folder.
  /// - Throws: `Failure.usage` for an empty text, an unknown name or an unknown split.
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

  /// A reference with other options.
  init(source: Source, base: String, split: Split?, options: [Settings.Entry]) {
    self.source = source
    self.base = base
    self.split = split
    self.options = options
    let words = options.compactMap { entry in
      if case .scalar(let text) = entry.value { "\(entry.name)=\(text)" } else { nil }
    }
    description =
      base + (split.map { ":\($0.rawValue)" } ?? "") + ":"
      + words.joined(separator: ",")
  }

  /// Separates the options at the end of a text from what precedes them.
  private static func options(_ text: String) throws -> (rest: String, options: [Settings.Entry]) {
    guard let colon = text.lastIndex(of: ":"), case let words = text[text.index(after: colon)...],
      words.contains("="), !words.contains("/")
    else { return (text, []) }
    let entries = try words.split(separator: ",", omittingEmptySubsequences: false).map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Failure.usage(
          "'\(text)': expected options name=value, separated by commas, found '\(word)'",
          hint: "for example ./photos:resize=256,crop=224")
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
    if let colon = base.lastIndex(of: ":"),
      let entry = DatasetCatalog.all.first(where: { $0.name == base[..<colon] })
    {
      let known = entry.splits.map { "\(entry.name):\($0.rawValue)" }
      throw Failure.usage(
        "there is no split '\(base[base.index(after: colon)...])' of \(entry.name)",
        hint: "write " + known.joined(separator: " or "))
    }
    return .named(try DatasetCatalog.entry(named: base))
  }

  /// The file or folder of a reference that is a path; nil for a named data set.
  public var path: URL? {
    if case .path(let url) = source { url } else { nil }
  }

  /// The catalog's entry of a named data set; nil if the reference is a path.
  public var entry: DatasetEntry? {
    if case .named(let entry) = source { entry } else { nil }
  }

  /// Loads the split in the reference, or `defaultSplit` if it names none. Data that are not
  /// divided into splits are loaded as a whole.
  /// - Parameter progress: called while pictures are decoded.
  /// - Throws: `Failure.missing`, with the folders that were searched, if the data are not found;
  ///   `Failure.badData` if they cannot be read.
  public func load(
    defaultSplit: Split, folders: DataFolders = DataFolders(),
    progress: @escaping Progress = { _, _ in }
  ) throws -> LabelledImages {
    if split == nil, let format = try format(), format.parts.isEmpty, !isDivided {
      return try format.load(nil, name: base, progress: progress)
    }
    return try load(split ?? defaultSplit, folders: folders, progress: progress)
  }

  /// Loads the given split, even if the reference names another one. Data that are not divided
  /// into splits count as test images.
  /// - Parameter cache: where what it would take long to find out again is kept; nil for nowhere.
  /// - Throws: what `load(defaultSplit:folders:progress:)` throws; `Failure.missing` or
  ///   `Failure.badData` if the data do not have that split.
  public func load(
    _ split: Split, folders: DataFolders = DataFolders(), cache: DataCache? = nil,
    progress: @escaping Progress = { _, _ in }
  ) throws -> LabelledImages {
    let name = "\(base):\(split.rawValue)"
    guard let format = try format()?.remembering(in: cache) else {
      guard case .named(let entry) = source else {
        preconditionFailure("a path always has a format here")
      }
      try entry.check(has: split)
      let settings = try settings
      // Wrong options are reported before missing files.
      _ = try DatasetEntry.Choice(entry, settings)
      return try entry.load(
        split, from: folder(of: split, among: folders), options: settings, cache: cache,
        progress: progress)
    }
    if format.parts.contains(split) {
      return try format.load(split, name: name, progress: progress)
    }
    if format.parts.isEmpty, isDivided, split != .validation {
      let whole = try format.load(nil, name: name, progress: progress)
      let share = try heldOutShare(settings)
      let parts = try whole.holdingOut(
        max(1, Int(share * Double(whole.count))), seed: Seed(0).derive("heldout"))
      return split == .test ? parts.heldOut : parts.rest
    }
    guard format.parts.isEmpty, split == .test else { throw lacks(split, format) }
    return try format.load(nil, name: base, progress: progress)
  }

  /// The failure for a split that the data do not have.
  ///
  /// Data that are not divided serve as test images only, because a model that is tested on its own
  /// training images seems better than it is.
  private func lacks(_ split: Split, _ format: any DataFormat) -> Failure {
    guard format.parts.isEmpty, split != .validation else {
      let parts = isDivided ? [.train, .test] : format.parts
      let found = parts.map(\.rawValue).sorted().joined(separator: ", ")
      return .missing(
        "\(base) has no split '\(split.rawValue)'" + (found.isEmpty ? "" : ", only \(found)"),
        hint: split == .validation ? DatasetEntry.validationAdvice : nil)
    }
    return .badData(
      "\(base) is not divided into train and test: both would use the same images",
      hint: "divide the data, or hold out a tenth of the images for the test: \(base):heldout=0.1")
  }

  // MARK: The format at a path

  private var settings: Settings {
    get throws { try Settings(options, place: "'\(description)'") }
  }

  /// Whether the data have training and test images, of their own or because images are held out.
  public var hasParts: Bool { get throws { try has(.train) && has(.test) } }

  /// Whether the data have a split, of their own or because images are held out as the test split.
  /// It does not matter whether a named data set is on this machine.
  public func has(_ split: Split) throws -> Bool {
    if isDivided { return split != .validation }
    return try entry?.splits.contains(split) ?? format()?.parts.contains(split) ?? false
  }

  /// Whether the data are one set without splits.
  var isUndivided: Bool {
    get throws { try !isDivided && format()?.parts.isEmpty == true }
  }

  /// Whether the reference asks for images to be held out as the test split.
  var isDivided: Bool { options.contains { $0.name == "heldout" } }

  private func heldOutShare(_ settings: Settings) throws -> Double {
    try settings.double(
      "heldout", in: 0.001...0.9, "the share of the images that become the test split")
  }

  /// The format of the file or folder at a path, with its options; nil for a named data set.
  func format() throws -> (any DataFormat)? {
    guard case .path(let url) = source else { return nil }
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw Failure.missing(
        "No such file or folder: \(url.path)",
        hint: "known data sets: \(DatasetCatalog.names.joined(separator: ", "))")
    }
    let settings = try self.settings
    if isDivided { _ = try heldOutShare(settings) }
    for type in DataFormats.all {
      guard let format = try type.init(url, settings) else { continue }
      try settings.finish("the format of this path (\(type.summary))")
      guard !isDivided || format.parts.isEmpty else {
        throw Failure.badData(
          "'\(description)': heldout is for data without splits, but these have "
            + format.parts.map(\.rawValue).sorted().joined(separator: " and "),
          hint: "remove the option heldout")
      }
      return format
    }
    throw Failure.missing(
      "found no images of a known format at \(url.path)",
      hint: "expected " + DataFormats.all.map { $0.summary }.joined(separator: "; "))
  }
}
