import Attacks
import ModelCore
import Support
import Testing

@Suite("Goals of attacks")
struct GoalTests {
  /// The labels that a rule gives for true labels.
  private func targets(
    _ rule: GoalRule, _ labels: [Int], classes: Int, logits: Tensor? = nil, first: Int = 0,
    seed: UInt64 = 1
  ) throws -> [Int64] {
    let shape = InputShape(channels: 1, height: 2, width: 2)
    let classifier: any Classifier =
      if let logits { ChosenClassifier(chosen: logits) } else {
        ConstantClassifier(inputShape: shape, classCount: classes)
      }
    let goal = rule.goal(
      for: Tensor(labels: labels), images: Tensor.zeros([labels.count, 1, 2, 2]),
      classifier: classifier,
      draws: ExampleDraws(Seed(seed), examples: Array(first..<first + labels.count)))
    try #require(
      goal.focus.type == .int64, "labels are whole numbers; others end the process later")
    #expect(goal.isTargeted == rule.isTargeted)
    if goal.isTargeted { #expect(goal.labels?.int64s() == labels.map(Int64.init)) }
    return goal.focus.int64s()
  }

  @Test("untargeted leads away from the true labels")
  func untargeted() throws {
    #expect(try targets(.untargeted, [0, 2, 1], classes: 3) == [0, 2, 1])
    #expect(!GoalRule.untargeted.isTargeted)
  }

  @Test("next is (y + 1) mod K", arguments: [2, 3, 10, 100])
  func next(_ classes: Int) throws {
    let labels = Array(0..<classes)
    let expected = labels.map { Int64(($0 + 1) % classes) }
    #expect(try targets(.next, labels, classes: classes) == expected)
  }

  @Test(
    "a random target is never the true label, and every other class occurs", arguments: [2, 3, 10])
  func random(_ classes: Int) throws {
    for label in 0..<classes {
      let drawn = try targets(.random, [Int](repeating: label, count: 300), classes: classes)
      #expect(Set(drawn) == Set(0..<Int64(classes)).subtracting([Int64(label)]))
    }
  }

  @Test("a random target depends on the example's number and not on its batch")
  func randomBatches() throws {
    let labels = (0..<20).map { $0 % 7 }
    let whole = try targets(.random, labels, classes: 7)
    let parts = try [0..<6, 6..<7, 7..<20].flatMap {
      try targets(.random, Array(labels[$0]), classes: 7, first: $0.lowerBound)
    }
    #expect(parts == whole)
  }

  @Test("predicted leads away from the predicted class, or from the label if there is none")
  func predicted() throws {
    let logits = Tensor([3, 1, 2, 1, .nan, 0, 0, 0, 7] as [Float], shape: [3, 3])
    #expect(try targets(.predicted, [1, 1, 2], classes: 3, logits: logits) == [0, 1, 2])
  }

  @Test("random targets are the same for the same seed")
  func randomSeeds() throws {
    let labels = [Int](repeating: 0, count: 50)
    let drawn = try [1, 1, 2].map { try targets(.random, labels, classes: 10, seed: $0) }
    #expect(drawn[0] == drawn[1])
    #expect(drawn[0] != drawn[2])
  }

  @Test("least likely is the smallest logit, or the next one if that is the true label")
  func leastLikely() throws {
    let logits = Tensor([3, 1, 2, -5, 0, 1, 9, 8, 7] as [Float], shape: [3, 3])
    #expect(try targets(.leastLikely, [0, 0, 0], classes: 3, logits: logits) == [1, 1, 2])
    #expect(try targets(.leastLikely, [1, 1, 2], classes: 3, logits: logits) == [2, 0, 1])
    let two = Tensor([0, 1, 1, 0] as [Float], shape: [2, 2])
    #expect(try targets(.leastLikely, [0, 0], classes: 2, logits: two) == [1, 1])
  }

  @Test(
    "least likely is never the true label, even for logits that are not finite",
    arguments: [-Float.infinity, .nan, -3e38, .infinity])
  func leastLikelyOdd(_ odd: Float) throws {
    let logits = Tensor([odd, 1, 2, 1, odd, 2] as [Float], shape: [2, 3])
    #expect(try targets(.leastLikely, [0, 1], classes: 3, logits: logits) == [1, 0])
    let all = Tensor.full(Double(odd), shape: [2, 3])
    let found = try targets(.leastLikely, [0, 1], classes: 3, logits: all)
    #expect(found[0] != 0 && found[1] != 1)
  }

  @Test("a label is the target of all images, and those that have it have no goal")
  func label() throws {
    #expect(try targets(.label(1), [0, 1, 2], classes: 3) == [1, 1, 1])
    let labels = Tensor(labels: [0, 1, 2, 1])
    #expect(GoalRule.label(1).aimed(labels).int64s() == [0, 2])
    for rule in [GoalRule.next, .random, .all, .leastLikely, .untargeted, .label(5)] {
      #expect(rule.aimed(labels).int64s() == [0, 1, 2, 3], "\(rule)")
    }
  }

  @Test(
    "a target that is read is written as the same word",
    arguments: ["next", "random", "least-likely", "all", "0", "37"])
  func words(_ word: String) throws {
    let rule = try GoalRule(target: word)
    #expect(rule.description == word)
    #expect(rule.isTargeted)
  }

  @Test(
    "unknown targets are refused",
    arguments: ["", "nxt", "-1", "1.5", "leastlikely", "untargeted", "Next"])
  func unknownWords(_ word: String) {
    let expected = Failure.usage(
      "unknown target '\(word)'", hint: "known: next, random, least-likely, all, or a label like 3")
    #expect(throws: expected) { try GoalRule(target: word) }
  }

  @Test("all gives each other class in turn, independently of the batches")
  func allOthers() throws {
    let labels = [0, 0, 2, 2]
    #expect(try targets(.all, labels, classes: 3) == [1, 2, 0, 1])
    let classifier = ConstantClassifier(
      inputShape: InputShape(channels: 1, height: 2, width: 2), classCount: 3)
    let second = GoalRule.all.goal(
      for: Tensor(labels: [0, 2]), images: Tensor.zeros([2, 1, 2, 2]),
      classifier: classifier, draws: ExampleDraws(Seed(0), examples: [1, 2]))
    #expect(second.targets?.int64s() == [2, 0])
    #expect(GoalRule.all.examplesPerImage(classCount: 10) == 9)
    #expect(GoalRule.next.examplesPerImage(classCount: 10) == 1)
  }

  @Test("a label that is not a class is refused")
  func validate() throws {
    try GoalRule.label(9).validate(classCount: 10)
    try GoalRule.next.validate(classCount: 2)
    #expect(throws: Failure.usage("target 10: the classes are 0 to 9")) {
      try GoalRule.label(10).validate(classCount: 10)
    }
  }

  @Test("a goal is reached away from its labels or at its targets, and by no class at no target")
  func reached() {
    let labels = Tensor(labels: [0, 1, 2])
    let predictions = Tensor(labels: [0, 2, -1])
    #expect(Goal.away(from: labels).isReached(predictions).floats() == [0, 1, 1])
    #expect(Goal.towards(labels).isReached(predictions).floats() == [1, 0, 0])
  }

  @Test("the loss is the summed cross-entropy, with the sign of the goal")
  func loss() {
    let logits = Tensor([1, 2, 3, 1] as [Float], shape: [2, 2])
    let labels = Tensor(labels: [0, 0])
    let entropy = logits.crossEntropy(labels).sum().scalar
    #expect(Goal.away(from: labels).loss(logits).scalar == entropy)
    #expect(Goal.towards(labels).loss(logits).scalar == -entropy)
  }
}
