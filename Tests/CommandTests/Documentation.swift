import Foundation

/// The Markdown files of the repository, and the parts of them that tests compare with the code.
enum Documentation {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `README.md`, `CONTRIBUTING.md` and every file in `docs/`, relative to the root.
  static func files() throws -> [String] {
    let docs = try FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: "docs").path)
    return ["README.md", "CONTRIBUTING.md"]
      + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The rows of the first table in a file whose header begins with `columns`, each row as the text
  /// of its cells. Empty if there is no such table.
  static func table(of path: String, columns: String) throws -> [[String]] {
    let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    guard let header = lines.firstIndex(where: { $0.hasPrefix("| \(columns) |") }) else {
      return []
    }
    // The line after the header only separates it from the rows.
    return lines[(header + 2)...].prefix { $0.hasPrefix("|") }.map { line in
      line.dropFirst().split(separator: "|", omittingEmptySubsequences: false).dropLast().map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
  }

  /// Every text in backticks.
  static func codeSpans(in text: String) -> [String] {
    text.matches(of: /`([^`\n]+)`/).map { String($0.1) }
  }

  /// The names in backticks in the first column of a table.
  static func names(inTableOf path: String, columns: String) throws -> [String] {
    try table(of: path, columns: columns).flatMap { codeSpans(in: $0.first ?? "") }
  }

  /// The contents of the fenced code blocks of one language, each ending with a newline.
  static func codeBlocks(_ language: String, in path: String) throws -> [String] {
    try text(path).components(separatedBy: "```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
  }

  /// Every invocation of `crossfire` that a file shows, in code blocks and in code spans, as its
  /// words after the command's name.
  static func invocations(in path: String) throws -> [[String]] {
    let text = try text(path).replacing("\\\n", with: " ")
    var isFenced = false
    let code = text.split(separator: "\n").filter { line in
      if line.hasPrefix("```") { isFenced.toggle() }
      return isFenced || line.hasPrefix("    ")
    }.flatMap { $0.trimmingCharacters(in: .whitespaces).components(separatedBy: " && ") }
    return (code + codeSpans(in: text)).filter { $0.hasPrefix("crossfire ") }.map { line in
      let command = line.components(separatedBy: " #")[0]
      // What follows after two hyphens is meant for another program.
      return command.split(separator: " ").dropFirst().prefix { $0 != "--" }.map(String.init)
    }
  }
}

/// What the built command says about itself.
struct CommandHelp {
  /// The help text of every command by its name: `run`, `data`, `data get`.
  private(set) var texts: [String: String] = [:]

  init() throws {
    for name in try add([]) {
      for nested in try add([name]) { _ = try add([name, nested]) }
    }
  }

  /// Every command that does something, without those that only group others.
  var commands: Set<String> {
    Set(texts.keys.filter { name in !texts.keys.contains { $0.hasPrefix(name + " ") } })
  }

  /// Runs a command's help and keeps it.
  /// - Returns: the names of its subcommands.
  private mutating func add(_ words: [String]) throws -> [String] {
    let text = try Command(words + ["--help"]).wait().output
    if !words.isEmpty { texts[words.joined(separator: " ")] = text }
    let parts = text.components(separatedBy: "SUBCOMMANDS:\n")
    guard parts.count == 2 else { return [] }
    return parts[1].split(separator: "\n").compactMap { line in
      line.prefixMatch(of: #/  ([a-z][a-z-]*)(?: |$)/#).map { String($0.1) }
    }
  }
}
