import Support
import Testing

/// Settings as in a file `run.yaml`: the i-th name, counted from 0, is on line i + 1.
func settings(_ entries: [(String, SettingValue)]) throws -> Settings {
  let lines = entries.enumerated().map { index, entry in
    Settings.Entry(name: entry.0, value: entry.1, place: "run.yaml:\(index + 1)")
  }
  return try Settings(lines, place: "run.yaml")
}

@Suite("Settings that are given are read, and others have their defaults")
struct SettingsTests {
  @Test("a value is read as the type that the reader asks for")
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

  @Test("a name that is not given has its default")
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

  @Test("a missing name without a default is an error that says its meaning")
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

  @Test("the settings one level below have their own places")
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

  @Test("the names that readers asked for are listed once, with defaults and meanings")
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
