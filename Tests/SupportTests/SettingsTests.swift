import Support
import Testing

/// Settings as `run.yaml` would give them: name i stands on line i + 1.
func settings(_ entries: [(String, SettingValue)]) throws -> Settings {
  let lines = entries.enumerated().map { index, entry in
    Settings.Entry(name: entry.0, value: entry.1, place: "run.yaml:\(index + 1)")
  }
  return try Settings(lines, place: "run.yaml")
}

@Suite("Settings: what is given is read, what is not has its default")
struct SettingsTests {
  @Test("values are read as what is asked for")
  func values() throws {
    let given = try settings([
      ("name", .scalar("fgsm")), ("steps", .scalar("40")), ("rate", .scalar("1e-3")),
      ("norm", .scalar("l2")),
      ("sheets", .scalar("false")),
    ])
    #expect(try given.string("name", "a name") == "fgsm")
    #expect(try given.int("steps", "how many") == 40)
    #expect(try given.double("rate", "how much") == 1e-3)
    #expect(try given.choice("norm", of: ["linf", "l2"], "which") == "l2")
    #expect(try !given.bool("sheets", default: true, "whether"))
    try given.finish("pgd")
  }

  @Test("defaults stand in for what is not given")
  func defaults() throws {
    let none = Settings.none()
    #expect(try none.string("name", default: "pgd", "a name") == "pgd")
    #expect(try none.int("steps", default: 10, "how many") == 10)
    #expect(try none.double("rate", default: 0.5, "how much") == 0.5)
    #expect(try none.bool("sheets", default: true, "whether"))
    #expect(try none.doubles("epsilons", default: [0, 0.1], "budgets") == [0, 0.1])
    #expect(try none.strings("models", default: ["a"], "models") == ["a"])
    #expect(try none.choice("norm", of: ["linf", "l2"], default: "linf", "which") == "linf")
    #expect(try none.map("training", "how") == nil)
    try none.finish("pgd")
  }

  @Test("without a default a missing name is an error that says what it means")
  func required() throws {
    let none = Settings.none("run.yaml:3")
    let expected = Failure.badData("run.yaml:3: 'epsilons' is missing (the budgets)")
    #expect(throws: expected) { try none.doubles("epsilons", "the budgets") }
    #expect(throws: Failure.badData("run.yaml:3: 'steps' is missing (how many)")) {
      try none.int("steps", "how many")
    }
  }

  @Test("a list may be given as one value")
  func listOrScalar() throws {
    let given = try settings([
      ("one", .scalar("0.3")), ("many", .list([.scalar("0.3"), .scalar("0")])),
      ("word", .scalar("a")),
      ("words", .list([.scalar("a"), .scalar("b")])), ("none", .list([])),
    ])
    #expect(try given.doubles("one", "budgets") == [0.3])
    #expect(try given.doubles("many", "budgets") == [0.3, 0])
    #expect(try given.strings("word", "words") == ["a"])
    #expect(try given.strings("words", "words") == ["a", "b"])
    #expect(try given.doubles("none", "budgets") == [])
  }

  @Test("a level below is settings of its own, with places of its own")
  func nested() throws {
    let inner = try Settings(
      [.init(name: "epochs", value: .scalar("x"), place: "run.yaml:8")], place: "run.yaml:7")
    let given = try settings([("training", .map(inner))])
    let found = try #require(try given.map("training", "how"))
    #expect(
      throws: Failure.badData(
        "run.yaml:8: epochs: expected a whole number of at least 1, found 'x'")
    ) {
      try found.int("epochs", in: 1...Int.max, "how often")
    }
    try given.finish("a model")
  }

  @Test("what was asked for, with defaults and meanings, can be told: each name once")
  func questions() throws {
    let none = Settings.none()
    _ = try none.int("steps", default: 10, "how many")
    _ = try none.int("steps", default: 10, "how many")
    _ = try none.double("rate", default: 0.5, "how much")
    #expect(none.questions.map(\.name) == ["steps", "rate"])
    #expect(none.questions.map(\.fallback) == ["10", "0.5"])
    #expect(none.questions.map(\.meaning) == ["how many", "how much"])
  }
}
