import Support
import Testing

@testable import crossfire

/// Commands are parsed and run in this process. Each of them must refuse its number before it reads
/// a file, because the files that the arguments name do not exist.
@Suite("Every number on the command line is refused outside its range")
struct NumberOptionTests {
  /// A numeric option of a command, with the other arguments that the command requires.
  struct Option: CustomTestStringConvertible, Sendable {
    let command: String
    let option: String
    /// Texts that are refused beside those that no number option takes.
    let refused: [String]

    var testDescription: String { "\(command) \(option)" }
  }

  private static let everywhere = ["-1", "nan", "", "\u{661}", "1e30", "99999999999999999999"]

  private static func wholes(_ command: String, _ options: String...) -> [Option] {
    options.map { Option(command: command, option: $0, refused: ["0", "1.5", "0x5"] + everywhere) }
  }

  /// Whole numbers of which 0 is one.
  private static func wholesFromZero(_ command: String, _ options: String...) -> [Option] {
    options.map { Option(command: command, option: $0, refused: ["1.5", "0x5"] + everywhere) }
  }

  private static func reals(_ command: String, _ options: String...) -> [Option] {
    options.map { Option(command: command, option: $0, refused: ["0x5", "1/0"] + everywhere) }
  }

  /// Numbers without an upper bound.
  private static func openReals(_ command: String, _ options: String...) -> [Option] {
    options.map {
      Option(command: command, option: $0, refused: ["-1", "nan", "", "\u{661}", "1e999", "1/0"])
    }
  }

  static let options: [Option] =
    wholes("attack", "--count", "--sample", "--judgements", "--threads", "--batch-size")
    + wholesFromZero("attack", "--seed") + openReals("attack", "--epsilon")
    + wholes("certify", "--count", "--sample", "--threads", "--batch-size")
    + wholesFromZero("certify", "--seed") + openReals("certify", "--epsilon")
    + wholes("evaluate", "--count", "--sample", "--judgements", "--threads", "--batch-size")
    + wholesFromZero("evaluate", "--seed")
    + wholes("explain", "--count", "--sample", "--top", "--threads", "--batch-size")
    + wholesFromZero("explain", "--seed", "--trust", "--pictures")
    + wholes(
      "transfer", "--count", "--sample", "--images", "--judgements", "--threads", "--batch-size")
    + wholesFromZero("transfer", "--seed") + openReals("transfer", "--epsilon")
    + wholes("train", "--count", "--epochs", "--patience", "--threads", "--batch-size")
    + wholesFromZero("train", "--seed", "--validation")
    + reals("train", "--learning-rate", "--weight-decay", "--adam-epsilon")
    + wholes("tune", "--validation", "--epochs", "--threads", "--batch-size")
    + [
      Option(command: "tune", option: "--values", refused: ["nan", "", "\u{661}", "1e999", "1/0"])
    ]
    + wholes("export", "--scale", "--jpeg", "--threads", "--batch-size")
    + wholes("frames", "--count", "--scale", "--threads", "--batch-size")
    + wholesFromZero("frames", "--seed")
    + openReals("frames", "--epsilon")
    + wholes("run", "--threads", "--batch-size")
    + wholes("plan", "--parts", "--threads", "--batch-size")
    + wholes("submit", "--parts", "--max-tasks", "--threads", "--batch-size")
    + wholes("status", "--parts") + wholes("inspect", "--threads", "--batch-size")
    + wholes("study sample", "--participants", "--threads", "--batch-size")
    + wholesFromZero("study sample", "--seed")
    + wholesFromZero("study serve", "--port") + reals("study serve", "--patience")
    + wholes("study links", "--count")
    + wholes("study simulate", "--participants") + wholesFromZero("study simulate", "--seed")
    + reals("study simulate", "--fooled", "--none", "--second")
    + wholes("study power", "--pictures", "--participants", "--images", "--studies")
    + wholesFromZero("study power", "--seed")
    + reals(
      "study power", "--power", "--level", "--people-differ", "--effects-differ", "--images-differ",
      "--pictures-differ")
    + wholes("study score", "--draws")

  private static let required: [String: [String]] = [
    "attack": [
      "--model", "/nowhere/m", "--data", "/nowhere/d", "--attack", "fgsm", "--epsilon", "0.1",
      "--out", "/nowhere/x", "--threads", "1",
    ],
    "certify": [
      "--model", "/nowhere/m", "--data", "/nowhere/d", "--certificate", "interval", "--epsilon",
      "0.1", "--threads", "1",
    ],
    "evaluate": ["--model", "/nowhere/m", "--data", "/nowhere/d", "--threads", "1"],
    "explain": [
      "--model", "/nowhere/m", "--data", "/nowhere/d", "--method", "gradient", "--out",
      "/nowhere/x", "--threads", "1",
    ],
    "transfer": [
      "--model", "/nowhere/m", "--data", "/nowhere/d", "--attack", "fgsm", "--epsilon", "0.1",
      "--out", "/nowhere/x", "--threads", "1",
    ],
    "train": ["--data", "/nowhere/d", "--epochs", "1", "--out", "/nowhere/x", "--threads", "1"],
    "tune": [
      "/nowhere/e.yaml", "--model", "a", "--reference", "b", "--values", "1", "--out",
      "/nowhere/x", "--threads", "1",
    ],
    "export": ["/nowhere/e", "--out", "/nowhere/x", "--threads", "1"],
    "frames": [
      "--model", "/nowhere/m", "--data", "/nowhere/d", "--attack", "fgsm", "--epsilon", "0.1",
      "--out", "/nowhere/x", "--threads", "1",
    ],
    "run": ["/nowhere/e.yaml", "--threads", "1"], "plan": ["/nowhere/e.yaml", "--threads", "1"],
    "submit": ["/nowhere/e.yaml", "--out", "/nowhere/x", "--threads", "1"],
    "status": ["/nowhere/x"], "inspect": ["/nowhere/m", "--threads", "1"],
    "study sample": ["/nowhere/e", "--threads", "1"], "study serve": ["/nowhere/s"],
    "study links": ["/nowhere/s"], "study simulate": ["/nowhere/s", "--fooled", "0.1"],
    "study power": ["--shares", "0.1", "0.2", "--pictures", "10"], "study score": ["/nowhere/s"],
  ]

  /// Parses a command line and runs the command, as `Crossfire.main` does.
  private func run(_ arguments: [String]) throws {
    var command = try Crossfire.parseAsRoot(arguments.map(Number.argument))
    try command.run()
  }

  /// The arguments of a command with an option set to a text. The option replaces the one that the
  /// command requires, if it is one of these.
  private func arguments(_ option: Option, _ text: String) throws -> [String] {
    var required = try #require(Self.required[option.command])
    if let place = required.firstIndex(of: option.option) {
      required.removeSubrange(place...place + 1)
    }
    let words = option.command.split(separator: " ").map(String.init)
    return words + required + [option.option, text]
  }

  @Test(
    "numbers outside the range are wrong use, and the message names option and range",
    arguments: options)
  func refused(_ option: Option) throws {
    for text in option.refused {
      let failure = #expect(throws: Failure.self, "\(text)") {
        try run(try arguments(option, text))
      }
      #expect(failure?.kind == .usage, "\(text): \(String(describing: failure))")
      #expect(
        failure?.message.hasPrefix(option.option) == true
          && failure?.message.contains("expected") == true,
        "\(text): \(String(describing: failure))")
    }
  }

  @Test("the message of a count names the count and the smallest one")
  func words() throws {
    let count = Option(command: "attack", option: "--count", refused: [])
    for text in ["0", "-1"] {
      #expect(throws: Failure.usage("--count \(text): expected a whole number of at least 1")) {
        try run(try arguments(count, text))
      }
    }
    let epochs = Option(command: "train", option: "--epochs", refused: [])
    #expect(throws: Failure.usage("--epochs 0: expected a whole number from 1 to 100000")) {
      try run(try arguments(epochs, "0"))
    }
  }

  @Test("numbers may be separated by commas, spaces or both, and be fractions")
  func lists() throws {
    let texts = [["0", "0.5", "8/255"], ["0,0.5,8/255"], ["0,", "0.5,", "8/255"]]
    for words in texts {
      #expect(try budgets(words.map(Number.init(argument:))) == [0, 0.5, 8.0 / 255], "\(words)")
    }
  }

  @Test("every option with a number in the help of a command is in this table")
  func complete() throws {
    let help = try CommandHelp()
    let tested = Set(Self.options.map(\.testDescription))
    let valueNames = ["n", "k", "p", "x", "minutes", "epsilon", "quality"]
    for (command, text) in help.texts {
      for match in text.matches(of: /^  (--[a-z-]+) <([a-z-]+)>/.anchorsMatchLineEndings()) {
        let (option, value) = (String(match.1), String(match.2))
        let isNumber =
          valueNames.contains(value) || ["seed", "threads", "batch-size", "port"].contains(value)
        guard isNumber, option != "--shares" else { continue }
        let name = "\(command) \(option)"
        #expect(tested.contains(name), "\(name)")
      }
    }
  }
}
