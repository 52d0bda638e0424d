import Attacks
import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support
import Testing

@Suite("The examples in the documentation compile and work")
struct ExampleTests {
  /// A file of these tests as the documentation shows it: an attack or a defense stands in the
  /// target `Attacks` or `Defenses` there, which it need not import.
  private static func shown(_ name: String) throws -> String {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: name)
    let text = try String(contentsOf: file, encoding: .utf8)
    guard name != "LibraryExample.swift" else { return text }
    return text.replacing("\n@testable import Attacks\n", with: "")
      .replacing("import Defenses\n", with: "")
  }

  @Test(
    "the documentation shows the example files word for word",
    arguments: [
      ("README.md", ["LibraryExample.swift"]),
      ("docs/adding-an-attack.md", ["FastGradient.swift", "RandomSearch.swift"]),
      ("docs/adding-a-defense.md", ["ConfidencePenalty.swift", "GroupRobustness.swift"]),
    ])
  func areShown(_ page: String, _ files: [String]) throws {
    let blocks = try Documentation.codeBlocks("swift", in: page)
    #expect(blocks == (try files.map { try Self.shown($0) }))
  }

  @Test("the README's library example measures white-box and black-box accuracy")
  func library() throws {
    let cells = try accuracyUnderFGSM()
    #expect(cells.map(\.epsilon) == [0, 0, 0.05, 0.05, 0.1, 0.1])
    #expect(cells.map(\.victim) == ["a", "b", "a", "b", "a", "b"])
    #expect(cells.map(\.setting.rawValue).prefix(2) == ["white-box", "black-box"])
    let accuracies = cells.map(\.accuracy)
    #expect(accuracies[0] > 0.6 && accuracies[1] > 0.6, "\(accuracies)")
    #expect(accuracies[4] < accuracies[0] && accuracies[5] < accuracies[1], "\(accuracies)")
    #expect(accuracies[4] <= accuracies[5], "\(accuracies)")
  }

  @Test(
    "the example attacks move images within their budgets",
    arguments: [FastGradient(), RandomSearch()] as [any Attack])
  func attacks(_ attack: any Attack) throws {
    let images = try DataReference("synthetic").load(.test).prefix(20)
    let network = try Architecture.named("mlp").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    let model = Contestant(name: "a", classifier: network, fingerprint: network.fingerprint)
    let plan = AttackPlan(
      name: type(of: attack).name, attack: attack, goal: .untargeted, epsilons: [0.1])
    // The runner refuses images outside the budget.
    let runner = try TransferRunner(
      plan: plan, source: model, victims: [model], data: images, seed: Seed(2))
    let result = try runner.run(keep: 0) { _ in }.result
    let sizes = try #require(result.spending().reached.first?.norms[attack.norm.rawValue])
    #expect(sizes.mean > 0 && sizes.largest <= 0.1001, "\(sizes)")
  }

  @Test("the example attack reads its setting and refuses a value out of range")
  func attackSettings() throws {
    let settings = { (points: String) in
      try Settings([.init(name: "points", value: .scalar(points), place: "here")], place: "here")
    }
    #expect(try RandomSearch(settings("7")).points == 7)
    #expect(throws: Failure.self) { try RandomSearch(settings("0")) }
  }

  @Test("the confidence penalty keeps predictions less certain than plain training does")
  func penalty() throws {
    let images = try DataReference("synthetic").load(.train).prefix(200)
    let settings = try Settings(
      [.init(name: "beta", value: .scalar("2"), place: "here")], place: "here")
    func entropy(_ objective: any Objective) throws -> Double {
      let network = try Architecture.named("mlp").network(
        input: images.shape, classNames: images.classNames, seed: Seed(1))
      _ = try Trainer(TrainingSettings(epochs: 10, batchSize: 20), objective: objective)
        .train(network, on: images, title: "example")
      let logits = withoutGradients { network.logits(images.batch(0..<200).images).logSoftmax() }
      return -(logits.exponential * logits).sum([1]).mean().scalar
    }
    #expect(try entropy(ConfidencePenalty(settings)) > entropy(CrossEntropy()))
  }

  /// 200 digits in two groups: every fourth digit is black and belongs to group 1, so that nobody
  /// can tell its label.
  private func groupedDigits() throws -> LabelledImages {
    let digits = try DataReference("synthetic").load(.train).prefix(200)
    let groups = (0..<200).map { $0 % 4 == 3 ? 1 : 0 }
    let isVisible = Tensor(groups.map { Float(1 - $0) }, shape: [200, 1, 1, 1])
    return try LabelledImages(
      name: "grouped", classNames: digits.classNames,
      pixels: digits.batch(0..<200).images * isVisible, labels: digits.labels.int64s(),
      groups: groups.map(Int64.init))
  }

  @Test("the example with groups gives a group that cannot be learned the larger weight")
  func groups() throws {
    let images = try groupedDigits()
    let objective = GroupLoss(groups: 2, rate: 0.1)
    let network = try Architecture.named("mlp").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    _ = try Trainer(TrainingSettings(epochs: 5, batchSize: 20), objective: objective)
      .train(network, on: images, title: "example")
    let weights = try #require(objective.state["weights"]).floats()
    #expect(abs(weights[0] + weights[1] - 1) < 1e-5)
    #expect(weights[1] > 0.55, "\(weights)")
  }

  @Test("the example with groups continues from its state and refuses another one")
  func groupState() throws {
    let objective = GroupLoss(groups: 2, rate: 0.1)
    try objective.restore(["weights": Tensor([0.25, 0.75] as [Float], shape: [2])])
    #expect(objective.state["weights"]?.floats() == [0.25, 0.75])
    let three = Tensor([0.25, 0.25, 0.5] as [Float], shape: [3])
    #expect(throws: Failure.self) { try objective.restore(["weights": three]) }
    #expect(throws: Failure.self) { try objective.restore([:]) }
    #expect(objective.state["weights"]?.floats() == [0.25, 0.75])
  }
}
