import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

/// Each test states one law for all defenses: a defense takes part as soon as it is registered.
@Suite("Every registered defense in a small training")
struct EveryDefenseTests {
  let folder = TemporaryFolder()

  /// A defense with its defaults. A setting without a default gets the file of a small model.
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
    "training gives finite weights, the same for the same seed and others for another",
    arguments: DefenseRegistry.names)
  func reproducible(_ name: String) throws {
    let defense = try Self.defense(name, in: folder.url)
    let files = try [73, 73, 74].map { try trained(defense, seed: $0) }
    #expect(files[0] == files[1])
    #expect(files[0] != files[2])
  }

  @Test(
    "names of terms are unique, and each term has a gradient",
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

  @Test("a term provides the logits for the training accuracy", arguments: DefenseRegistry.names)
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
    "its settings, written and read again, give the same defense", arguments: DefenseRegistry.names)
  func readAgain(_ name: String) throws {
    let first = try Self.defense(name, in: folder.url)
    let entries = first.parameters.map {
      Settings.Entry(name: $0.name, value: .scalar($0.value), place: "run.yaml")
    }
    let second = try DefenseRegistry.defense(named: name, Settings(entries, place: "run.yaml"))
    #expect(second.text == first.text)
    #expect(second.dependencies == first.dependencies)
  }

  @Test("a network with a NaN ends in an error that names every term")
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
