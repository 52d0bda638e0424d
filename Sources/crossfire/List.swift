import ArgumentParser
import Attacks
import Certificates
import Defenses
import Explanations
import ModelCore
import Support

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "List attacks, certificates, defenses, explanations or architectures with their settings.",
    discussion: """
      EXAMPLE
        crossfire list attacks
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case attacks, certificates, defenses, explanations, architectures
  }

  @Argument(help: "What to list.")
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
          entry(attack.name, attack.summary) { _ = try attack.init($0) }
        }
      case .certificates:
        CertificateRegistry.all.map { method in
          entry(method.name, method.summary) { _ = try method.init($0) }
        }
      case .defenses:
        DefenseRegistry.all.map { defense in
          entry(defense.name, defense.summary) { _ = try defense.init($0) }
        }
      case .explanations:
        ExplanationRegistry.all.map { method in
          entry(method.name, method.summary) { _ = try method.init($0) }
        }
      case .architectures: Architecture.all.map { entry($0.name, $0.summary) { _ in } }
      }
    let width = (entries.map(\.name.count).max() ?? 0) + 2
    let lines = entries.flatMap { entry in
      wrapped(entry.summary, indent: width, first: entry.name.padded(to: width))
        + entry.settings.flatMap { setting in
          let fallback = setting.fallback.map { "; default \($0)" } ?? ""
          return wrapped(
            "\(setting.name): \(setting.meaning)\(fallback)", indent: width + 4, first: nil)
        }
    }
    try output.show(entries, lines.joined(separator: "\n"))
  }

  /// An initializer asks for each of its settings, with its meaning and its default. Calling `read`
  /// without values therefore lists all settings.
  private func entry(_ name: String, _ summary: String, _ read: (Settings) throws -> Void) -> Entry
  {
    let settings = Settings.none()
    try? read(settings)
    return Entry(
      name: name, summary: summary,
      settings: settings.questions.map {
        .init(name: $0.name, meaning: $0.meaning, fallback: $0.fallback)
      })
  }
}
