import Support
import Testing

@Suite("A setting is declared once")
struct SettingTests {
  enum Shape: String, Sendable, CaseIterable { case round, square, flat }

  struct Frame: Configurable, Equatable {
    var width = 0.5
    var shape = Shape.round
    static let settings: [Setting<Frame>] = [
      .double("width", \.width, in: 0...2, "width in pixels"),
      .choice("shape", \.shape, of: [.round, .square], "the frame's shape"),
    ]
  }

  struct Sample: Configurable, Equatable {
    var count = 3
    var rate = 0.25
    var isFast = true
    var limit: Int?
    var bound: Double?
    var frame = Frame()
    static let settings: [Setting<Sample>] = [
      .int("count", \.count, in: 1...10, "how many"),
      .double("rate", \.rate, "how much"),
      .bool("fast", \.isFast, "whether it is fast"),
      .optionalInt("limit", \.limit, in: 0...5, "the most"),
      .optionalDouble("bound", \.bound, in: -1...1, "the end"),
      .group(\.frame),
    ]
  }

  private func read(_ entries: (String, String)...) throws -> Sample {
    var sample = Sample()
    try sample.read(settings(entries.map { ($0.0, .scalar($0.1)) }))
    return sample
  }

  @Test("its name, default and meaning are listed in the order of the declarations")
  func questions() throws {
    let given = Settings.none()
    var sample = Sample()
    try sample.read(given)
    #expect(
      given.questions.map(\.name) == [
        "count", "rate", "fast", "limit", "bound", "width", "shape",
      ])
    #expect(
      given.questions.map(\.fallback) == ["3", "0.25", "true", nil, nil, "0.5", "round"])
    #expect(
      given.questions.map(\.meaning) == [
        "how many", "how much", "whether it is fast", "the most", "the end", "width in pixels",
        "the frame's shape (round, square)",
      ])
  }

  @Test("the value before reading is the default that is listed")
  func ownDefault() throws {
    let given = Settings.none()
    var sample = Sample()
    sample.count = 7
    try sample.read(given)
    #expect(sample.count == 7)
    #expect(given.questions[0].fallback == "7")
  }

  @Test("a given value replaces the default, and the others stay")
  func given() throws {
    var expected = Sample()
    expected.count = 10
    expected.isFast = false
    expected.limit = 0
    expected.frame.shape = .square
    #expect(
      try read(("count", "10"), ("fast", "false"), ("limit", "0"), ("shape", "square")) == expected)
    #expect(try read() == Sample())
  }

  @Test(
    "its range is checked and includes its bounds",
    arguments: [
      ("count", "0", "a whole number from 1 to 10"),
      ("count", "11", "a whole number from 1 to 10"),
      ("rate", "-0.1", "a number of at least 0"),
      ("limit", "6", "a whole number from 0 to 5"),
      ("bound", "1.01", "a number from -1 to 1"),
      ("width", "2.5", "a number from 0 to 2"),
      ("fast", "yes", "true or false"),
    ])
  func ranges(_ name: String, _ value: String, _ expected: String) throws {
    #expect(
      throws: Failure.badData("run.yaml:1: \(name): expected \(expected), found '\(value)'")
    ) {
      try read((name, value))
    }
    #expect(try read(("count", "1"), ("bound", "-1"), ("width", "2")).frame.width == 2)
  }

  @Test("a choice may allow only some of its type's words")
  func someWords() throws {
    let failure = #expect(throws: Failure.self) { try read(("shape", "flat")) }
    #expect(failure?.message == "run.yaml:1: shape: 'flat' is not known")
    #expect(failure?.hint == "known: round, square")
  }

  @Test("settings that are written and read again give an equal value")
  func roundTrip() throws {
    var chosen = Sample()
    chosen.count = 1
    chosen.rate = 1e-7
    chosen.isFast = false
    chosen.limit = 5
    chosen.bound = -0.125
    chosen.frame = Frame(width: 0.1, shape: .square)
    for sample in [Sample(), chosen] {
      let entries = sample.settingValues.map { ($0.name, SettingValue.scalar($0.value)) }
      let given = try settings(entries)
      var again = Sample()
      try again.read(given)
      try given.finish("sample")
      #expect(again == sample)
    }
    #expect(Sample().settingValues.map(\.name) == ["count", "rate", "fast", "width", "shape"])
  }

  @Test("a group may have only some of its settings")
  func someOfAGroup() throws {
    struct Whole: Configurable {
      var frame = Frame()
      static let settings: [Setting<Whole>] = [.group(\.frame, only: [Frame.settings[0]])]
    }
    let given = try settings([("width", .scalar("1")), ("shape", .scalar("square"))])
    var whole = Whole()
    try whole.read(given)
    #expect(whole.frame == Frame(width: 1, shape: .round))
    #expect(whole.settingValues.map(\.name) == ["width"])
    #expect(throws: Failure.self) { try given.finish("whole") }
  }

  @Test("a former name is read, with a notice that says its place")
  func formerName() throws {
    let given = try settings([("first", .scalar("1")), ("examples", .scalar("20"))])
    let name = given.name("count", formerly: "examples")
    #expect(name == "examples")
    #expect(try given.int(name, "how many") == 20)
    #expect(given.notices == ["run.yaml:2: 'examples' is now called 'count'"])
  }

  @Test("a new name gives no notice, and next to it the former name is refused")
  func currentName() throws {
    #expect(Settings.none().name("count", formerly: "examples") == "count")
    let both = try settings([("examples", .scalar("20")), ("count", .scalar("30"))])
    let name = both.name("count", formerly: "examples")
    #expect(try both.int(name, "how many") == 30)
    #expect(both.notices == [])
    let failure = #expect(throws: Failure.self) { try both.finish("an attack") }
    #expect(failure?.message == "run.yaml:1: an attack has no 'examples'")
  }
}
