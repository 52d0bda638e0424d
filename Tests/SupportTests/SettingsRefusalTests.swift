import Support
import Testing

@Suite("Settings refuse invalid values, with the place and a hint")
struct SettingsRefusalTests {
  @Test("an unknown name is refused, with the nearest known name")
  func unknownName() throws {
    let given = try settings([("steps", .scalar("3")), ("epsilom", .scalar("0.3"))])
    _ = try given.int("steps", "how many")
    _ = try given.doubles("epsilon", default: [0.1], "budgets")
    let expected = Failure.badData(
      "run.yaml:2: fgsm has no 'epsilom'", hint: "did you mean 'epsilon'? (known: steps, epsilon)")
    #expect(throws: expected) { try given.finish("fgsm") }
  }

  @Test("every name is refused if no name is known")
  func nothingKnown() throws {
    let given = try settings([("steps", .scalar("3"))])
    #expect(
      throws: Failure.badData("run.yaml:1: none has no 'steps'", hint: "it takes no settings")
    ) {
      try given.finish("none")
    }
  }

  @Test("a name that is given twice is refused, with its second place")
  func twice() {
    #expect(throws: Failure.badData("run.yaml:3: 'steps' is given twice")) {
      try settings([("steps", .scalar("3")), ("rate", .scalar("1")), ("steps", .scalar("3"))])
    }
  }

  @Test(
    "an invalid whole number is refused",
    arguments: ["", "x", "1.5", "1e3", "-1", "11", "nan", "9223372036854775808", "0x5", "１"])
  func ints(_ text: String) throws {
    let given = try settings([("steps", .scalar(text))])
    #expect(
      throws: Failure.badData(
        "run.yaml:1: steps: expected a whole number from 0 to 10, found '\(text)'")
    ) {
      try given.int("steps", in: 0...10, "how many")
    }
  }

  @Test(
    "an invalid number is refused, alone and in a list",
    arguments: ["", "x", "nan", "inf", "-inf", "infinity", "1e999", "-0.1", "1.1", "0,5", "1 2"])
  func doubles(_ text: String) throws {
    let given = try settings([("rate", .scalar(text))])
    let expected = Failure.badData(
      "run.yaml:1: rate: expected a number from 0 to 1, found '\(text)'")
    #expect(throws: expected) { try given.double("rate", in: 0...1, "how much") }
    let inList = Failure.badData(
      "run.yaml:1: rate: expected numbers, each a number from 0 to 1, found '\(text)'")
    #expect(throws: inList) { try given.doubles("rate", in: 0...1, "how much") }
  }

  @Test("an option of the command line is named once, with its value")
  func options() throws {
    let given = try Settings(
      [
        .init(name: "batchSize", value: .scalar("0"), place: "--batch-size"),
        .init(name: "keep", value: .scalar("bst"), place: "--keep"),
        .init(name: "steps", value: .scalar("0"), place: "--attack pgd:steps=0"),
      ], place: "the command line")
    #expect(
      throws: Failure.badData("--batch-size 0: expected a whole number of at least 1")
    ) { try given.int("batchSize", in: 1...Int.max, "") }
    #expect(
      throws: Failure.badData(
        "--keep: 'bst' is not known", hint: "did you mean 'best'? (known: last, best)")
    ) { try given.choice("keep", of: ["last", "best"], "") }
    #expect(
      throws: Failure.badData(
        "--attack pgd:steps=0: steps: expected a whole number of at least 1, found '0'")
    ) { try given.int("steps", in: 1...Int.max, "") }
  }

  @Test("a whole number that is too large for the computer is told how long it may be")
  func tooLarge() throws {
    let given = try settings([("steps", .scalar("99999999999999999999"))])
    #expect(
      throws: Failure.badData(
        "run.yaml:1: steps: expected a whole number of at least 1 with at most 18 digits, "
          + "found '99999999999999999999'")
    ) { try given.int("steps", in: 1...Int.max, "") }
    let longest = try settings([("steps", .scalar("999999999999999999"))])
    #expect(try longest.int("steps", in: 1...Int.max, "") == 999_999_999_999_999_999)
  }

  @Test("a fraction is read as a number, alone and in a list")
  func fractions() throws {
    let given = try settings([
      ("rate", .scalar("8/255")),
      ("rates", .list([.scalar("1/4"), .scalar("1e-1/2"), .scalar("3")])),
    ])
    #expect(try given.double("rate", "") == 8.0 / 255)
    #expect(try given.doubles("rates", "") == [0.25, 0.05, 3])
  }

  @Test(
    "a fraction without two finite numbers and a denominator above 0 is refused",
    arguments: [
      "8/0", "8/-255", "/255", "8/", "8/255/2", "nan/1", "1/inf", "0x8/255", "1e308/1e-9",
    ])
  func wrongFractions(_ text: String) throws {
    let given = try settings([("rate", .scalar(text))])
    #expect(throws: Failure.self) { try given.double("rate", in: -1e300...1e300, "") }
  }

  @Test("a range includes its bounds")
  func bounds() throws {
    let given = try settings([("low", .scalar("0")), ("high", .scalar("1"))])
    #expect(try given.double("low", in: 0...1, "") == 0)
    #expect(try given.double("high", in: 0...1, "") == 1)
    #expect(try given.int("low", in: 0...1, "") == 0)
    #expect(try given.int("high", in: 0...1, "") == 1)
  }

  @Test("the message for a range without an upper bound names the lower one")
  func openRange() throws {
    let given = try settings([("rate", .scalar("-1"))])
    #expect(
      throws: Failure.badData("run.yaml:1: rate: expected a number of at least 0, found '-1'")
    ) {
      try given.double("rate", "how much")
    }
  }

  @Test("a list or a mapping in place of a single value is refused, and vice versa")
  func kinds() throws {
    let given = try settings([
      ("list", .list([.scalar("1")])), ("map", .map(.none())), ("word", .scalar("x")),
      ("nested", .list([.list([])])),
    ])
    #expect(throws: Failure.badData("run.yaml:1: list: expected a word, found a list")) {
      try given.string("list", "")
    }
    #expect(throws: Failure.badData("run.yaml:2: map: expected a word, found a mapping")) {
      try given.string("map", "")
    }
    #expect(
      throws: Failure.badData("run.yaml:1: list: expected a number of at least 0, found a list")
    ) {
      try given.double("list", "")
    }
    #expect(
      throws: Failure.badData("run.yaml:3: word: expected a mapping (names with values), found 'x'")
    ) {
      try given.map("word", "")
    }
    #expect(
      throws: Failure.badData(
        "run.yaml:4: nested: expected numbers, each a number of at least 0, found a list")
    ) {
      try given.doubles("nested", "")
    }
    #expect(throws: Failure.self) { try given.strings("nested", "") }
  }

  @Test("an unknown word is refused, with the nearest known word")
  func choices() throws {
    let given = try settings([("norm", .scalar("linff"))])
    let expected = Failure.badData(
      "run.yaml:1: norm: 'linff' is not known", hint: "did you mean 'linf'? (known: linf, l2)")
    #expect(throws: expected) { try given.choice("norm", of: ["linf", "l2"], "which") }
  }
}
