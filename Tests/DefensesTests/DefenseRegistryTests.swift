import Attacks
import Defenses
import Support
import Testing

@Suite("A defense is asked for by its name and settings")
struct DefenseRegistryTests {
  private func defense(_ name: String, _ entries: (String, String)...) throws -> any Defense {
    let lines = entries.enumerated().map { index, entry in
      Settings.Entry(name: entry.0, value: .scalar(entry.1), place: "run.yaml:\(index + 1)")
    }
    return try DefenseRegistry.defense(named: name, Settings(lines, place: "run.yaml"))
  }

  @Test("names differ, and each has a summary on one line")
  func names() {
    #expect(Set(DefenseRegistry.names).count == DefenseRegistry.names.count)
    #expect(DefenseRegistry.all.allSatisfy { !$0.summary.isEmpty && !$0.summary.contains("\n") })
  }

  @Test(
    "every defense has defaults for all its settings, and its text begins with its name",
    arguments: DefenseRegistry.names)
  func defaults(_ name: String) throws {
    let made = try DefenseRegistry.defense(named: name, Settings.none())
    #expect(made.text.hasPrefix(name))
  }

  @Test("settings in force are told")
  func texts() throws {
    #expect(try defense("none").text == "none")
    #expect(try defense("adversarialTraining").text == "adversarialTraining(attack=fgsm, epsilon=0.3)")
    let chosen = try defense("adversarialTraining", ("epsilon", "0.125"), ("attack", "fgsm"))
    #expect(chosen.text == "adversarialTraining(attack=fgsm, epsilon=0.125)")
    #expect(try defense("none").objective is CrossEntropy)
  }

  @Test("an unknown defense is refused with the nearest")
  func unknownName() {
    let failure = #expect(throws: Failure.self) { try defense("adversarialTrainnig") }
    #expect(failure?.kind == .usage)
    #expect(failure?.message == "unknown defense 'adversarialTrainnig'")
    #expect(failure?.hint?.hasPrefix("did you mean 'adversarialTraining'? (known: none, ") == true)
  }

  @Test("a setting it does not have is refused with the nearest")
  func unknownSetting() {
    let failure = #expect(throws: Failure.self) { try defense("adversarialTraining", ("epsilom", "0.1")) }
    #expect(failure?.message == "run.yaml:1: adversarialTraining has no 'epsilom'")
    #expect(failure?.hint?.hasPrefix("did you mean 'epsilon'?") == true)
    #expect(throws: Failure.badData("run.yaml:1: none has no 'epsilon'", hint: "it takes no settings")) {
      try defense("none", ("epsilon", "0.1"))
    }
  }

  @Test(
    "a budget that is none, and an attack that is unknown or has a target of its own", arguments: ["-0.1", "nan", "x"])
  func wrongValues(_ epsilon: String) {
    let expected = Failure.badData("run.yaml:1: epsilon: expected a number of at least 0.0, found '\(epsilon)'")
    #expect(throws: expected) { try defense("adversarialTraining", ("epsilon", epsilon)) }
    for attack in ["tgsm", "fgsn", ""] {
      let failure = #expect(throws: Failure.self) { try defense("adversarialTraining", ("attack", attack)) }
      #expect(failure?.message == "run.yaml:1: attack: '\(attack)' is not known")
      #expect(failure?.hint?.contains("fgsm") == true)
    }
  }
}
