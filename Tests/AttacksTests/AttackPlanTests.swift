import Attacks
import Support
import Testing

@Suite("Reading an attack from settings")
struct AttackPlanTests {
  private func plan(_ name: String, _ entries: [(String, SettingValue)]) throws -> AttackPlan {
    let lines = entries.enumerated().map { index, entry in
      Settings.Entry(name: entry.0, value: entry.1, place: "run.yaml:\(index + 1)")
    }
    return try AttackPlan(name: name, Settings(lines, place: "run.yaml:1"))
  }

  private func list(_ words: String...) -> SettingValue { .list(words.map(SettingValue.scalar)) }

  @Test("budgets are sorted, and duplicates are removed")
  func budgets() throws {
    let plan = try plan("fgsm", [("epsilons", list("0.3", "0", "0.1", "0.30", "1e-1", "-0"))])
    #expect(plan.epsilons == [0, 0.1, 0.3])
    #expect(try self.plan("fgsm", [("epsilons", .scalar("0.2"))]).epsilons == [0.2])
    #expect(try self.plan("fgsm", [("epsilon", .scalar("0.2"))]).epsilons == [0.2])
  }

  @Test(
    "a budget that is negative, infinite or not a number is refused",
    arguments: ["-0.1", "nan", "inf", "-inf", "x", "", "1e999"])
  func badBudgets(_ word: String) {
    let expected = Failure.badData(
      "run.yaml:1: epsilons: expected numbers, each a number of at least 0, found '\(word)'")
    #expect(throws: expected) { try plan("fgsm", [("epsilons", list("0.1", word))]) }
  }

  @Test("a missing or empty list of budgets is refused")
  func noBudget() {
    #expect(
      throws: Failure.badData("run.yaml:1: 'epsilons' is missing (the budgets, in pixel units)")
    ) {
      try plan("fgsm", [])
    }
    let empty = Failure.badData(
      "run.yaml:1: fgsm: expected at least one budget, found an empty list",
      hint: "for example epsilons: [0, 0.1, 0.2]")
    #expect(throws: empty) { try plan("fgsm", [("epsilons", list())]) }
  }

  @Test("giving both epsilon and epsilons is refused")
  func bothSpellings() {
    let failure = #expect(throws: Failure.self) {
      try plan("fgsm", [("epsilon", .scalar("0.1")), ("epsilons", list("0.2"))])
    }
    #expect(failure?.message == "run.yaml:2: fgsm has no 'epsilons'")
  }

  @Test("an unknown setting is refused with the nearest name")
  func unknownSetting() {
    let failure = #expect(throws: Failure.self) {
      try plan("tgsm", [("epsilons", list("0.1")), ("tagret", .scalar("next"))])
    }
    #expect(failure?.message == "run.yaml:2: tgsm has no 'tagret'")
    #expect(failure?.hint?.hasPrefix("did you mean 'target'?") == true)
  }

  @Test("an unknown attack is refused with the nearest name")
  func unknownAttack() {
    let failure = #expect(throws: Failure.self) { try plan("fgsn", [("epsilons", list("0.1"))]) }
    #expect(failure?.kind == .usage)
    #expect(failure?.message == "unknown attack 'fgsn'")
    #expect(
      failure?.hint
        == "did you mean 'fgsm'? (known: \(AttackRegistry.names.joined(separator: ", ")))")
  }

  @Test("an unknown target is refused with the known targets")
  func unknownTarget() {
    let failure = #expect(throws: Failure.self) {
      try plan("tgsm", [("epsilons", list("0.1")), ("target", .scalar("nearest"))])
    }
    #expect(failure?.message.contains("unknown target 'nearest'") == true)
    #expect(failure?.hint == "known: next, random, least-likely, all, or a label like 3")
  }

  @Test("the goal is the attack's default goal unless a target is given")
  func goals() throws {
    let budget = ("epsilons", list("0.1"))
    #expect(try plan("fgsm", [budget]).goal == .untargeted)
    #expect(try plan("tgsm", [budget]).goal == .next)
    #expect(try plan("tgsm", [budget, ("target", .scalar("3"))]).goal == .label(3))
    #expect(try plan("fgsm", [budget, ("target", .scalar("random"))]).goal == .random)
  }

  @Test("an untargeted attack leads away from the true or from the predicted label")
  func labels() throws {
    let budget = ("epsilons", list("0.1"))
    #expect(try plan("fgsm", [budget, ("labels", .scalar("predicted"))]).goal == .predicted)
    #expect(try plan("fgsm", [budget, ("labels", .scalar("true"))]).goal == .untargeted)
    #expect(throws: Failure.self) { try plan("tgsm", [budget, ("labels", .scalar("predicted"))]) }
  }

  @Test("an attack is limited by masks if it says so, and its records say it too")
  func masks() throws {
    let budget = ("epsilons", list("0.1"))
    let free = try plan("pgd", [budget])
    #expect(free.mask == nil && free.settings["mask"] == nil)
    for mask in MaskLimit.allCases {
      let plan = try plan("pgd", [budget, ("mask", .scalar(mask.rawValue))])
      #expect(plan.mask == mask)
      #expect(plan.parameters["mask"] == mask.rawValue)
      #expect(plan.text != free.text)
    }
    let failure = #expect(throws: Failure.self) {
      try plan("pgd", [budget, ("mask", .scalar("noise"))])
    }
    #expect(failure?.message == "run.yaml:2: mask: 'noise' is not known")
  }

  @Test("an attack also reads its budget under the attack's own name for it")
  func budgetName() throws {
    #expect(try plan("jsma", [("gamma", .scalar("0.145"))]).epsilons == [0.145])
    #expect(try plan("jsma", [("epsilons", list("0.1", "0.2"))]).epsilons == [0.1, 0.2])
    #expect(throws: Failure.self) { try plan("fgsm", [("gamma", .scalar("0.1"))]) }
  }

  @Test("an attack may have another name in an experiment")
  func names() throws {
    let settings = try Settings(
      [.init(name: "epsilon", value: .scalar("0.1"), place: "")], place: "")
    let plan = try AttackPlan(name: "mine", attack: "tgsm", settings)
    #expect(plan.name == "mine")
    #expect(plan.attack is TargetedGradientSign)
  }

  @Test("registered names are unique, and each attack has a title and a summary of one line")
  func registry() {
    #expect(Set(AttackRegistry.names).count == AttackRegistry.names.count)
    for type in AttackRegistry.all {
      #expect(!type.title.isEmpty && !type.summary.isEmpty && !type.summary.contains("\n"))
    }
  }
}
