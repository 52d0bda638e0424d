import Attacks
import Defenses
import Support
import Testing

@Suite("Reading a defense from its name and settings")
struct DefenseRegistryTests {
  private func defense(_ name: String, _ entries: (String, String)...) throws -> any Defense {
    let lines = entries.enumerated().map { index, entry in
      Settings.Entry(name: entry.0, value: .scalar(entry.1), place: "run.yaml:\(index + 1)")
    }
    return try DefenseRegistry.defense(named: name, Settings(lines, place: "run.yaml"))
  }

  @Test("names are unique, and each defense has a summary of one line")
  func names() {
    #expect(Set(DefenseRegistry.names).count == DefenseRegistry.names.count)
    #expect(DefenseRegistry.all.allSatisfy { !$0.summary.isEmpty && !$0.summary.contains("\n") })
  }

  @Test(
    "all settings have defaults, except the other models of an ensemble",
    arguments: DefenseRegistry.names)
  func defaults(_ name: String) throws {
    guard name == EnsembleAdversarialTraining.name else {
      #expect(try DefenseRegistry.defense(named: name, Settings.none()).text.hasPrefix(name))
      return
    }
    #expect(
      throws: Failure.badData("the defaults: 'sources' is missing (files of the other models)")
    ) {
      try DefenseRegistry.defense(named: name, Settings.none())
    }
  }

  @Test("a defense's text lists the settings in force")
  func texts() throws {
    #expect(try defense("none").text == "none")
    let standard =
      "adversarial-training(attack=fgsm, loss=cross-entropy, source=logits, epsilon=0.3, "
      + "labels=predicted, clean=0.5)"
    #expect(try defense("adversarial-training").text == standard)
    let chosen = try defense(
      "adversarial-training", ("epsilon", "0.125"), ("clean", "0"), ("labels", "true"))
    #expect(
      chosen.text
        == "adversarial-training(attack=fgsm, loss=cross-entropy, source=logits, epsilon=0.125, "
        + "labels=true, clean=0.0)"
    )
    #expect(
      try defense("gradient-regularization", ("penalty", "l1"), ("method", "finite-difference"))
        .text
        == "gradient-regularization(penalty=l1, lambda=10.0, method=finite-difference, step=0.01)")
    #expect(try defense("distillation").text == "distillation(temperature=50.0)")
  }

  @Test(
    "a setting with an invalid value is refused, with its place and value",
    arguments: [
      ("gradient-regularization", "penalty", "l2"), ("gradient-regularization", "method", "fast"),
      ("gradient-regularization", "lambda", "-1"), ("curvature-regularization", "samples", "0"),
      ("distillation", "temperature", "0"), ("label-smoothing", "alpha", "1.5"),
      ("trades", "steps", "0"),
      ("adversarial-training", "clean", "2"), ("adversarial-training", "labels", "none"),
      ("gaussian-noise", "sigma", "inf"),
    ])
  func meaningless(_ name: String, _ setting: String, _ value: String) {
    let failure = #expect(throws: Failure.self) { try defense(name, (setting, value)) }
    #expect(failure?.kind == .badData)
    #expect(failure?.message.hasPrefix("run.yaml:1: \(setting): ") == true)
    #expect(failure?.message.contains("'\(value)'") == true)
  }

  @Test("an unknown defense is refused with the nearest name")
  func unknownName() {
    let failure = #expect(throws: Failure.self) { try defense("adversarialTrainnig") }
    #expect(failure?.kind == .usage)
    #expect(failure?.message == "unknown defense 'adversarialTrainnig'")
    #expect(failure?.hint?.hasPrefix("did you mean 'adversarial-training'? (known: none, ") == true)
  }

  @Test("an unknown setting is refused with the nearest name")
  func unknownSetting() {
    let failure = #expect(throws: Failure.self) {
      try defense("adversarial-training", ("epsilom", "0.1"))
    }
    #expect(failure?.message == "run.yaml:1: adversarial-training has no 'epsilom'")
    #expect(failure?.hint?.hasPrefix("did you mean 'epsilon'?") == true)
    #expect(
      throws: Failure.badData("run.yaml:1: none has no 'epsilon'", hint: "it takes no settings")
    ) {
      try defense("none", ("epsilon", "0.1"))
    }
  }

  @Test(
    "invalid budgets, unknown attacks and targeted attacks are refused",
    arguments: ["-0.1", "nan", "x"])
  func wrongValues(_ epsilon: String) {
    let expected = Failure.badData(
      "run.yaml:1: epsilon: expected a number of at least 0, found '\(epsilon)'")
    #expect(throws: expected) { try defense("adversarial-training", ("epsilon", epsilon)) }
    for attack in ["tgsm", "fgsn", ""] {
      let failure = #expect(throws: Failure.self) {
        try defense("adversarial-training", ("attack", attack))
      }
      #expect(failure?.message == "run.yaml:1: attack: '\(attack)' is not known")
      #expect(failure?.hint?.contains("fgsm") == true)
    }
  }

  @Test("the attack of a training decides which budgets it may have")
  func budgets() throws {
    func check(_ attack: String, _ epsilon: String) throws {
      try defense("adversarialTraining", ("attack", attack), ("epsilon", epsilon))
        .checkBudget(in: 0...1, features: 784)
    }
    try check("fgsm", "0.3")
    try check("corruption", "3")
    for (attack, epsilon) in [("fgsm", "3"), ("corruption", "2.5"), ("corruption", "6")] {
      #expect(throws: Failure.self) { try check(attack, epsilon) }
    }
  }
}
