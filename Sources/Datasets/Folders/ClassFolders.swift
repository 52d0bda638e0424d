import Foundation
import Support

/// The order of class folders whose names are all whole numbers.
enum ClassOrder: String, CaseIterable, Sendable {
  /// 1, 2, 10
  case numeric
  /// 1, 10, 2: the order of torchvision's `ImageFolder`.
  case text

  /// Reads the option `order`; nil if it is not stated.
  init?(_ settings: Settings) throws {
    let meaning = "the order of class folders whose names are all whole numbers"
    guard settings.value("order", meaning) != nil else { return nil }
    self.init(
      rawValue: try settings.choice(
        "order", of: Self.allCases.map(\.rawValue), default: Self.numeric.rawValue, meaning))
  }
}

/// The classes of a folder of pictures: their names, and the label of each class folder.
///
/// If there is a `classes.txt`, it states the order of the folders or gives them new names.
/// Otherwise the folders are sorted by their names: as numbers if all names are whole numbers, else
/// by their bytes.
struct ClassFolders {
  let names: [String]
  /// The label of each class folder.
  let labels: [String: Int]
  /// Lines for the user about an order of the classes that may not be the one of a model.
  let notes: [String]

  static let mostClasses = 65_536

  /// - Parameters:
  ///   - folders: the names of the class folders.
  ///   - order: the order of whole numbers; nil if it is not stated.
  ///   - place: the folder that they are in, for messages.
  /// - Throws: `Failure.badData` if there are too many folders, if a name cannot be the name of a
  ///   class, or if the file does not fit the folders.
  init(
    _ folders: Set<String>, _ order: ClassOrder?, file: ClassNamesFile?, place: URL
  ) throws {
    guard folders.count <= Self.mostClasses else {
      throw Failure.badData(
        "\(place.path): expected at most \(Self.mostClasses) classes (subfolders), "
          + "found \(folders.count)")
    }
    for name in folders.sorted() { try Self.checkName(name, in: place) }
    let (text, numeric) = (Self.inTextOrder(folders), Self.inOrder(folders))
    let sorted = order == .text ? text : numeric
    var notes: [String] = []
    if order == nil, numeric != text { notes = [Self.note(numeric, text, place)] }
    if let file, let names = try Self.ordered(file, sorted) {
      if order != nil {
        throw Failure.badData(
          "\(file.url.path) states the order of the classes, and so does the option order",
          hint: "remove the option or the file")
      }
      self.init(names: names, folders: names.filter(folders.contains), notes: [])
    } else if let file {
      self.init(
        names: file.names, folders: sorted, renamed: true,
        notes: notes + [Self.note(renaming: sorted, file)])
    } else {
      self.init(names: sorted, folders: sorted, notes: notes)
    }
  }

  /// Names sorted as numbers if all of them are whole numbers, else by their bytes.
  static func inOrder(_ names: Set<String>) -> [String] {
    names.allSatisfy { Int($0) != nil }
      ? names.sorted { (Int($0)!, $0) < (Int($1)!, $1) } : inTextOrder(names)
  }

  private static func inTextOrder(_ names: Set<String>) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// - Parameter renamed: whether the folders have the names in their order; otherwise each folder
  ///   has its own name.
  private init(names: [String], folders: [String], renamed: Bool = false, notes: [String]) {
    self.names = names
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    labels = Dictionary(
      uniqueKeysWithValues: folders.enumerated().map { ($1, renamed ? $0 : places[$1]!) })
    self.notes = notes
  }

  /// The names in a file if they are those of the folders in some order; nil if they are new names
  /// for all folders.
  /// - Throws: `Failure.badData` if the file names some folders and not others, if it has another
  ///   number of new names than there are folders, or if a new name seems to mean another folder.
  private static func ordered(_ file: ClassNamesFile, _ folders: [String]) throws -> [String]? {
    for names in [file.names, file.withoutNumbers ?? []]
    where Set(folders).isSubset(of: names) && Set(names).count == names.count { return names }
    let (known, given) = (Set(folders), Set(file.names))
    if let missing = folders.first(where: { !given.contains($0) }), !known.isDisjoint(with: given) {
      let stray = file.names.filter { !known.contains($0) }
      let near = stray.first { meant(by: $0, among: [missing]) != nil }
      throw Failure.badData(
        "\(file.url.path): expected the name of every class folder, found none for '\(missing)'",
        hint: near.map { "'\($0)': did you mean '\(missing)'?" } ?? "add the line '\(missing)'")
    }
    guard file.names.count == folders.count else {
      throw Failure.badData(
        "\(file.url.path): expected the names of the \(folders.count) class folders "
          + "or one new name for each, found \(file.names.count) names, none of them "
          + "'\(folders[0])'",
        hint: "list the names of all class folders, one on each line, in the order of the classes")
    }
    for (name, folder) in zip(file.names, folders) {
      guard let near = meant(by: name, among: folders), near != folder else { continue }
      throw Failure.badData(
        "\(file.url.path): no line is the name of a class folder, and as a new name '\(name)' would "
          + "stand for the folder '\(folder)'",
        hint:
          "'\(name)': did you mean '\(near)'? Lines that are the folders' names state their order")
    }
    return nil
  }

  /// The folder that a line means which is not its name: one that differs in the case of letters
  /// and in signs, one whose name is a word of the line, or a longer one with a spelling mistake.
  private static func meant(by line: String, among folders: [String]) -> String? {
    func letters(_ text: some StringProtocol) -> String {
      text.lowercased().filter { $0.isLetter || $0.isNumber }
    }
    let words = Set(line.split { !$0.isLetter && !$0.isNumber }.map(letters))
    return folders.first { letters($0) == letters(line) }
      ?? folders.first { words.contains(letters($0)) }
      ?? (line.count < 5
        ? nil : nearestName(to: line, among: folders.filter { $0.count >= 5 }))
  }

  /// A line about two orders of folders whose names are whole numbers.
  private static func note(_ numeric: [String], _ text: [String], _ place: URL) -> String {
    let first = numeric.indices.first { numeric[$0] != text[$0] }!
    return
      "\(place.path): the class folders are numbers and sorted as numbers, so class \(first) is "
      + "'\(numeric[first])'; sorted as text, as by torchvision's ImageFolder, it is "
      + "'\(text[first])'; state order=numeric or order=text to choose"
  }

  /// A line about new names for the folders.
  private static func note(renaming folders: [String], _ file: ClassNamesFile) -> String {
    let pairs = zip(folders, file.names).prefix(3).map { "'\($0)' is '\($1)'" }
    return
      "\(file.url.path): no line is the name of a class folder, so the lines are new names for "
      + "the folders in their order: " + pairs.joined(separator: ", ")
      + (folders.count > 3 ? ", …" : "")
  }

  /// Checks the name of a class, which is shown in tables, on pages and on terminals.
  static func checkName(_ name: String, in place: URL) throws {
    guard name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }),
      name.utf8.count <= 255,
      !name.isEmpty
    else {
      let shown = name.unicodeScalars.map { $0.escaped(asASCII: false) }.joined()
      throw Failure.badData(
        "\(place.path): '\(shown)' cannot be the name of a class",
        hint: "use up to 255 bytes without control characters")
    }
  }
}
