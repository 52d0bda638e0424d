import Attacks
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Transfer from a surrogate")
struct SurrogateTransferTests {
  private func network(_ index: Int) throws -> Network {
    try #require(TinyModel.all[index].classifier as? Network)
  }

  @Test(
    "it runs the other attack on the surrogate, and never uses the attacked model")
  func examples() throws {
    let (victim, surrogate) = (try network(4), try network(0))
    let counter = QueryCounter(victim)
    let (images, labels) = (TinyModel.all[0].images, TinyModel.all[0].labels)
    for inner in [FastGradientSign() as any Attack, BasicIterativeMethod(), DeepFool()] {
      let budgets = inner.norm == .l2 ? [0.5, 5] : [0.1, 0.3]
      let attack = try SurrogateTransfer(of: inner, on: surrogate)
      let found = attack.sweep(
        images, .away(from: labels), epsilons: budgets, against: counter, draws: .of(images, 1))
      let expected = inner.sweep(
        images, .away(from: labels), epsilons: budgets, against: try surrogate.frozen(),
        draws: .of(images, 1))
      #expect(found.map { $0.floats() } == expected.map { $0.floats() })
    }
    #expect(counter.forwards == 0)
  }

  @Test("its settings name a file relative to their own and include the other attack's")
  func settings() throws {
    let folder = TemporaryFolder()
    try ModelFile.write(try network(0), training: nil, to: folder.appending("m.safetensors"))
    let lines = [("model", "m.safetensors"), ("of", "bim"), ("steps", "3")]
    let entries = lines.map {
      Settings.Entry(name: $0.0, value: .scalar($0.1), place: "run.yaml:1")
    }
    let settings = try Settings(entries, place: "run.yaml:1", folder: folder.url)
    let attack = try SurrogateTransfer(settings)
    try settings.finish("surrogate")
    #expect(attack.parameters["of"] == "bim" && attack.parameters["steps"] == "3")
    #expect(attack.dependencies["surrogate"] == (try network(0)).fingerprint)
    #expect(throws: Failure.self) { try SurrogateTransfer(Settings.none()) }
  }

  @Test("a surrogate for other images or classes is refused")
  func misfit() throws {
    let attack = try SurrogateTransfer(of: BasicIterativeMethod(), on: network(0))
    try attack.check(against: network(4))
    #expect(throws: Failure.self) { try attack.check(against: network(2)) }
    let larger = ConstantClassifier(
      inputShape: InputShape(channels: 1, height: 9, width: 8), classCount: 2)
    #expect(throws: Failure.self) { try attack.check(against: larger) }
  }
}
