import ArgumentParser
import Attacks
import Defenses
import ModelCore
import Support

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List attacks, defenses or architectures with their settings.",
    discussion: """
      EXAMPLE
        crossfire list attacks
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case attacks, defenses, architectures
  }

  @Argument(help: "attacks, defenses or architectures.")
  var kind: Kind

  @OptionGroup var output: OutputOptions

  private struct Entry: Encodable {
    struct Setting: Encodable {
      let name: String
      let meaning: String
      let fallback: String?
    }

    let name: String
    let summary: String
    let settings: [Setting]
  }

  func run() throws {
    let entries =
      switch kind {
      case .attacks:
        AttackRegistry.all.map { attack in
          entry(attack.name, "\(attack.title): \(attack.summary)") { _ = try attack.init($0) }
        }
      case .defenses:
        DefenseRegistry.all.map { defense in entry(defense.name, defense.summary) { _ = try defense.init($0) } }
      case .architectures: Architecture.all.map { entry($0.name, $0.summary) { _ in } }
      }
    let width = entries.map(\.name.count).max() ?? 0
    let lines = entries.flatMap { entry in
      ["\(entry.name.padded(to: width))  \(entry.summary)"]
        + entry.settings.map { setting in
          let fallback = setting.fallback.map { " (default \($0))" } ?? ""
          return "\(String(repeating: " ", count: width))    \(setting.name): \(setting.meaning)\(fallback)"
        }
    }
    try output.show(entries, lines.joined(separator: "\n"))
  }

  /// What a reader of settings asks for is what it documents.
  private func entry(_ name: String, _ summary: String, _ read: (Settings) throws -> Void) -> Entry {
    let settings = Settings.none()
    try? read(settings)
    return Entry(
      name: name, summary: summary,
      settings: settings.questions.map { .init(name: $0.name, meaning: $0.meaning, fallback: $0.fallback) })
  }
}
