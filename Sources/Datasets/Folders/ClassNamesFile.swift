import Foundation
import Support

/// The file `classes.txt` of a folder of pictures: one class name a line.
struct ClassNamesFile {
  static let name = "classes.txt"

  let url: URL
  /// The names in the order of the lines, without blanks around them and without empty lines. Tabs
  /// count as blanks.
  let names: [String]

  /// Finds the file in the first of some folders that has it.
  /// - Throws: `Failure.badData` if two of the files differ, since the splits of data share their
  ///   classes, and what `init(_:)` throws.
  static func find(in folders: [URL]) throws -> ClassNamesFile? {
    let files = try folders.map { $0.appending(path: name) }
      .filter { FileManager.default.fileExists(atPath: $0.path) }.map(ClassNamesFile.init)
    if let other = files.first(where: { $0.names != files[0].names }) {
      throw Failure.badData(
        "\(files[0].url.path) and \(other.url.path) state different classes",
        hint: "both splits have the same classes: keep one file, in the folder above the splits")
    }
    return files.first
  }

  /// Reads a file in UTF-8, with or without a byte order mark and with any line ends.
  /// - Throws: `Failure.badData` if the file is not UTF-8, if there are too many names, if a name
  ///   stands on two lines, or if a line cannot be the name of a class.
  init(_ url: URL) throws {
    self.url = url
    let bytes = [UInt8](try readFile(url, limit: 1 << 24))
    guard let text = String(validating: bytes, as: UTF8.self)?.withoutByteOrderMark else {
      throw Failure.badData(
        "\(url.path): expected text in UTF-8, found other bytes",
        hint: "save it as UTF-8 in a text editor")
    }
    names = text.split(whereSeparator: \.isNewline)
      .map { $0.replacing("\t", with: " ").trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    guard names.count <= ClassFolders.mostClasses else {
      throw Failure.badData(
        "\(url.path): expected at most \(ClassFolders.mostClasses) names, found \(names.count)",
        hint: "each line is the name of a class")
    }
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() {
      try ClassFolders.checkName(name, in: url)
      if let first = places.updateValue(place, forKey: name) {
        throw Failure.badData(
          "\(url.path): expected different names, found '\(name)' as the names "
            + "\(first + 1) and \(place + 1)", hint: "each class has one line")
      }
    }
  }

  /// The names without numbers before them, if the lines are numbered from 0 or 1 on, as in
  /// `0 cat`, `1: dog`; nil if they are not.
  var withoutNumbers: [String]? {
    let parts = names.map { name -> (number: Int?, rest: String) in
      let digits = name.prefix { $0.isASCII && $0.isNumber }
      let rest = name.dropFirst(digits.count)
      let bare = rest.drop { $0.isWhitespace || ":.,;)=-|".contains($0) }
      return (rest.count == bare.count ? nil : Int(digits), String(bare))
    }
    guard let first = parts.first?.number, first <= 1,
      parts.enumerated().allSatisfy({ $1.number == first + $0 && !$1.rest.isEmpty })
    else { return nil }
    return parts.map(\.rest)
  }
}
