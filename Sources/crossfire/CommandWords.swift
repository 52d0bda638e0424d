import ArgumentParser
import Support

/// The first words of a command line, which name a command: `train`, or `data list`.
enum CommandWords {
  /// Checks the names of commands before anything else is read. The parser would take a misspelt
  /// name for a value.
  /// - Parameter root: the command that all others belong to.
  /// - Throws: `Failure.usage` for a name that no command has, with the nearest one.
  static func check(_ arguments: [String], of root: any ParsableCommand.Type) throws {
    var (command, path) = (root, "")
    let isHelp = arguments.first == "help"
    for word in isHelp ? arguments.dropFirst() : arguments[...] {
      let known = command.configuration.subcommands
      guard !word.hasPrefix("-"), isHelp || !known.isEmpty else { return }
      guard let next = known.first(where: { $0._commandName == word }) else {
        let names = known.map { $0._commandName } + (path.isEmpty ? ["help"] : [])
        let near = nearestName(to: word, among: names).map { "did you mean '\(path)\($0)'? " } ?? ""
        let help = path.isEmpty ? "crossfire help" : "crossfire help \(path)".trimmed
        throw Failure.usage(
          "unknown command '\(path)\(word)'", hint: "\(near)'\(help)' lists the commands")
      }
      (command, path) = (next, "\(path)\(word) ")
    }
  }
}

extension String {
  /// The text without a blank at its end.
  fileprivate var trimmed: String { hasSuffix(" ") ? String(dropLast()) : self }
}
