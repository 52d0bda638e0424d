import Attacks
import Foundation
import ModelCore
import Support

/// Adversarial training whose examples come from other networks too: c · CE(y, f(X)) + (1 − c) ·
/// CE(y, f(X′)).
///
/// Every batch draws where its X′ are made: on the network in training, or on one of the networks
/// in `sources`, each as likely. Those are constants in evaluation behaviour; they should be
/// trained on the same data, and differ. Tramèr et al., 2018.
public struct EnsembleAdversarialTraining: Defense {
  public static let name = "ensembleAdversarialTraining"
  public static let summary =
    "adversarial training with examples of other models too (Tramèr et al. 2018)"
  public let inner: InnerAttack
  /// c, the clean images' share of the loss.
  public let clean: Double
  private let sources: [StoredNetwork]

  public init(_ settings: Settings) throws {
    inner = try InnerAttack(settings)
    clean = try settings.double(
      "clean", default: 0.5, in: 0...1, "the clean images' share of the loss")
    sources = try settings.files("sources", "files of the other models").map {
      try StoredNetwork($0)
    }
    guard !sources.isEmpty else {
      throw Failure.badData(
        "\(settings.place(of: "sources")): sources is empty",
        hint: "for example sources: [a.safetensors, b.safetensors]")
    }
  }

  public var parameters: [(name: String, value: String)] {
    inner.parameters + [("clean", "\(clean)")] + sources.map { ("sources", $0.file.path) }
  }

  public var dependencies: [String: String] {
    let weights = sources.enumerated().map { ("source \($0)", $1.fingerprint) }
    return inner.attack.dependencies.merging(weights) { $1 }
  }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    try inner.attack.check(against: preparation.network)
    return Ensemble(
      inner: inner, clean: clean, sources: try sources.map { try $0.beside(preparation.network) })
  }

  private struct Ensemble: Objective {
    let inner: InnerAttack
    let clean: Double
    let sources: [Network]

    func terms(_ step: TrainingStep) -> [LossTerm] {
      let cleanLoss = step.logits.crossEntropy(step.labels).mean()
      let drawn = Int(step.random.integers(below: sources.count + 1, [1]).scalar)
      let examples =
        drawn == sources.count
        ? inner.examples(step, predicted: step.logits.detached.predictedClasses)
        : inner.examples(step, against: sources[drawn])
      let adversarial = step.forward(examples).crossEntropy(step.labels).mean()
      return [
        LossTerm("clean", weight: clean, cleanLoss),
        LossTerm("adversarial", weight: 1 - clean, adversarial),
      ]
    }
  }
}
