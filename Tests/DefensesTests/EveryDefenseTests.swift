import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

/// One line per law; a new defense is in the table once it is registered.
@Suite("Every registered defense, on a small training")
struct EveryDefenseTests {
  let folder = TemporaryFolder()

  /// A defense with its defaults; where a setting has none, with a small model's file.
  static func defense(_ name: String, in folder: URL) throws -> any Defense {
    guard name == EnsembleAdversarialTraining.name else {
      return try DefenseRegistry.defense(named: name, .none())
    }
    let file = folder.appending(path: "source.safetensors")
    try ModelFile.write(TinyTraining.network(seed: 75), training: nil, to: file)
    let entry = Settings.Entry(name: "sources", value: .scalar(file.path), place: "run.yaml:1")
    return try DefenseRegistry.defense(named: name, Settings([entry], place: "run.yaml"))
  }

  /// The file of a network after two steps of training.
  private func trained(_ defense: any Defense, seed: UInt64) throws -> Data {
    let network = TinyTraining.network()
    let objective = try defense.objective(TinyTraining.preparation(network))
    let history = try Trainer(TinyTraining.settings(epochs: 1, seed: seed), objective: objective)
      .train(
        network, on: TinyTraining.annotated.prefix(64), title: "test")
    #expect(history[0].loss.isFinite && history[0].loss > 0)
    for tensor in network.learned { #expect(tensor.isFinite.all().isTrue) }
    return try TinyTraining.bytes(network, in: folder.url)
  }

  @Test(
    "trains to finite numbers, the same ones from the same seed and others from another",
    arguments: DefenseRegistry.names)
  func reproducible(_ name: String) throws {
    let defense = try Self.defense(name, in: folder.url)
    let files = try [73, 73, 74].map { try trained(defense, seed: $0) }
    #expect(files[0] == files[1])
    #expect(files[0] != files[2])
  }

  @Test(
    "no name of a term stands twice, and every weighted term is part of the loss",
    arguments: DefenseRegistry.names)
  func terms(_ name: String) throws {
    let network = TinyTraining.network()
    let objective = try Self.defense(name, in: folder.url).objective(
      TinyTraining.preparation(network))
    let terms = objective.terms(
      TinyTraining.step(
        network, pass: .training(dropout: Seed(1)), for: objective, on: TinyTraining.annotated))
    #expect(Set(terms.map(\.name)).count == terms.count)
    for term in terms {
      #expect(term.value.count == 1 && term.weight > 0)
      let slopes = term.value.gradients(of: network.learned, retainingGraph: true)
      #expect(slopes.contains { $0.absolute.max().scalar > 0 }, "\(term.name) moves nothing")
    }
  }

  @Test("training accuracy costs no pass of its own", arguments: DefenseRegistry.names)
  func judged(_ name: String) throws {
    let network = TinyTraining.network()
    let objective = try Self.defense(name, in: folder.url).objective(
      TinyTraining.preparation(network))
    let terms = objective.alone.terms(
      TinyTraining.step(network, for: objective, on: TinyTraining.annotated))
    let judged = try #require(terms.lazy.compactMap(\.logits).first)
    #expect(judged.shape == [20, 10])
  }

  @Test(
    "what it tells of its settings makes the same defense again", arguments: DefenseRegistry.names)
  func readAgain(_ name: String) throws {
    let first = try Self.defense(name, in: folder.url)
    let entries = first.parameters.map {
      Settings.Entry(name: $0.name, value: .scalar($0.value), place: "run.yaml")
    }
    let second = try DefenseRegistry.defense(named: name, Settings(entries, place: "run.yaml"))
    #expect(second.text == first.text)
    #expect(second.dependencies == first.dependencies)
  }

  @Test("a network that is not a number ends in a failure that names every term")
  func broken() async {
    await #expect(processExitsWith: .success) {
      let folder = TemporaryFolder()
      for name in DefenseRegistry.names {
        let defense = try EveryDefenseTests.defense(name, in: folder.url)
        let objective = try defense.objective(TinyTraining.preparation(TinyTraining.network()))
        let names = objective.terms(
          TinyTraining.step(TinyTraining.network(), for: objective, on: TinyTraining.annotated)
        ).map(\.name)
        let failure = #expect(throws: Failure.self, "\(name)") {
          try Trainer(TinyTraining.settings(epochs: 1), objective: objective).train(
            TinyTraining.brokenNetwork(), on: TinyTraining.annotated, title: "test")
        }
        let message = failure?.message.replacing("-nan", with: "nan") ?? ""
        for term in names { #expect(message.contains("\(term) = nan"), "\(name): \(message)") }
      }
    }
  }
}
