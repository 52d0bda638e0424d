import Defenses
import Support
import Testing

@Suite("Settings of a defense that are written and read again")
struct DefenseSettingsTests {
  /// The defenses whose settings all have defaults. An ensemble needs the files of other models.
  static let names = DefenseRegistry.names.filter { $0 != EnsembleAdversarialTraining.name }

  private func read(_ name: String, _ parameters: [(name: String, value: String)]) throws
    -> any Defense
  {
    let entries = parameters.map {
      Settings.Entry(name: $0.name, value: .scalar($0.value), place: "record")
    }
    return try DefenseRegistry.defense(named: name, Settings(entries, place: "record"))
  }

  private func lines(_ defense: any Defense) -> [String] {
    defense.parameters.map { "\($0.name) = \($0.value)" }
  }

  /// Settings that differ from the defaults.
  static let chosen: [(name: String, settings: [(name: String, value: String)])] = [
    (
      "adversarial-training",
      [
        ("attack", "pgd"), ("norm", "l2"), ("steps", "3"), ("alpha", "0.1"), ("restarts", "2"),
        ("views", "ti+di"), ("loss", "margin"), ("epsilon", "1.5"), ("labels", "true"),
        ("clean", "0.25"),
      ]
    ),
    ("fast-adversarial-training", [("epsilon", "0.1"), ("step", "1.0")]),
    ("trades", [("epsilon", "0.1"), ("beta", "1.0"), ("steps", "3"), ("alpha", "0.05")]),
    (
      "gradient-regularization",
      [("penalty", "l1"), ("lambda", "0.1"), ("method", "finite-difference"), ("step", "0.5")]
    ),
    ("curvature-regularization", [("lambda", "2.0"), ("method", "exact"), ("samples", "3")]),
    ("distillation", [("temperature", "20.0")]),
    ("label-smoothing", [("alpha", "0.25")]),
    ("gaussian-noise", [("sigma", "0.5")]),
  ]

  @Test(
    "chosen settings are in force, and are the same when written and read again", arguments: chosen)
  func given(_ name: String, _ settings: [(name: String, value: String)]) throws {
    let first = try read(name, settings)
    let found = lines(first)
    for setting in settings { #expect(found.contains("\(setting.name) = \(setting.value)")) }
    #expect(try lines(read(name, first.parameters)) == found)
  }

  @Test(
    "every setting that has a default is listed with that default and a meaning", arguments: names)
  func listed(_ name: String) throws {
    let settings = Settings.none()
    let defense = try DefenseRegistry.defense(named: name, settings)
    let values = Dictionary(defense.parameters.map { ($0.name, $0.value) }) { $1 }
    for question in settings.questions {
      #expect(!question.meaning.isEmpty && !question.meaning.contains("\n"))
      // Settings that may be left out have no default, and no value either.
      let value = values[question.name]
      #expect(value == nil || value == question.fallback, "\(question.name)")
    }
    #expect(Set(values.keys).subtracting(settings.questions.map(\.name)) == [])
  }
}
