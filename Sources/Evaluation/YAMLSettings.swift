import Foundation
import Support
import Yams

extension Settings {
  /// Reads a YAML file as settings, each with its line.
  ///
  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData` with the file and
  ///   the line if it is not YAML, is larger than a megabyte, or is not a mapping of names.
  public static func yaml(_ url: URL) throws -> Settings {
    guard let data = try? Data(contentsOf: url) else {
      throw Failure.unreadable(url)
    }
    guard data.count <= 1 << 20 else {
      throw Failure.badData(
        "\(url.path): expected a file of at most 1,048,576 bytes, found \(data.count) bytes")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw Failure.badData("\(url.path) is not UTF-8 text")
    }
    return try yaml(text, file: url.lastPathComponent, folder: url.deletingLastPathComponent())
  }

  /// Reads YAML text as settings, each with its line.
  /// - Parameters:
  ///   - file: the name of the file in messages.
  ///   - folder: the folder that paths in the text start from; nil for the current one.
  /// - Throws: `Failure.badData` with the file and the line.
  public static func yaml(_ text: String, file: String, folder: URL? = nil) throws -> Settings {
    var reader = YAMLReader(file: file, folder: folder)
    let root: Node?
    do {
      root = try Yams.compose(yaml: text.withoutByteOrderMark)
    } catch let error as YamlError {
      throw Failure.badData(
        "\(file) is not YAML: \(error.oneLine)", hint: "check colons, quotes and indentation")
    }
    guard let root, case .map(let settings) = try reader.value(root) else {
      throw Failure.badData("\(file): expected names with values, like 'name: my-experiment'")
    }
    return settings
  }
}

/// Turns the nodes of the YAML parser Yams into settings.
private struct YAMLReader {
  let file: String
  let folder: URL?
  /// The number of nodes that have been read. It is limited because aliases let a small file stand
  /// for an enormous one.
  private var nodes = 0

  init(file: String, folder: URL?) {
    self.file = file
    self.folder = folder
  }

  mutating func value(_ node: Node) throws -> SettingValue {
    nodes += 1
    guard nodes <= 100_000 else {
      throw Failure.badData("\(file): expected at most 100000 values, found more")
    }
    switch node {
    case .scalar(let scalar):
      return .scalar(scalar.string)
    case .sequence(let sequence):
      var items: [SettingValue] = []
      for item in sequence { items.append(try value(item)) }
      return .list(items)
    case .mapping(let mapping):
      var entries: [Settings.Entry] = []
      for (key, content) in mapping {
        guard let name = key.scalar?.string else {
          throw Failure.badData("\(place(key)): expected a word as a name, found a list or mapping")
        }
        entries.append(Settings.Entry(name: name, value: try value(content), place: place(key)))
      }
      return .map(try Settings(entries, place: place(node), folder: folder))
    case .alias:
      throw Failure.badData("\(place(node)): an alias without an anchor")
    }
  }

  private func place(_ node: Node) -> String { node.mark.map { "\(file):\($0.line)" } ?? file }
}

extension YamlError {
  /// The problem and its line, without the quoted text of the file.
  fileprivate var oneLine: String {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, _):
      "a name is given twice: \(duplicates)"
    default: "\(self)".split(separator: "\n").first.map(String.init) ?? "unreadable"
    }
  }
}
