import Attacks
import Foundation
import ModelCore
import Support

/// Ensemble adversarial training: adversarial training whose examples also come from other
/// networks.
///
///     loss = c · CE(y, f(X)) + (1 − c) · CE(y, f(X′))
///
/// For each batch, a random choice decides where X′ is made: on the network in training, or on one
/// of the networks in `sources`, each with the same probability. The sources stay constant, in
/// evaluation behaviour. They should be trained on the same data, and differ from each other. The
/// network thus also learns from perturbations that do not depend on its own weights; use it
/// against black-box attacks. Source: F. Tramèr et al. (2018).
public struct EnsembleAdversarialTraining: Defense {
  public static let name = "ensemble-adversarial-training"
  public static let summary =
    "adversarial training, also with examples of other models (Tramèr et al. 2018)"
  /// The training with examples of the network itself.
  public let own: AdversarialTraining
  private let sources: [StoredNetwork]

  public init(_ settings: Settings) throws {
    own = try AdversarialTraining(settings)
    sources = try settings.files("sources", "files of the other models").map {
      try StoredNetwork($0)
    }
    guard !sources.isEmpty else {
      throw Failure.badData(
        "\(settings.place(of: "sources")): sources: expected at least one file, "
          + "found an empty list",
        hint: "for example sources: [a.safetensors, b.safetensors]")
    }
  }

  public var parameters: [(name: String, value: String)] {
    own.parameters + sources.map { ("sources", $0.file.path) }
  }

  public var dependencies: [String: String] {
    let weights = sources.enumerated().map { ("source \($0)", $1.fingerprint) }
    return own.dependencies.merging(weights) { $1 }
  }

  public var files: [URL] { own.files + sources.map(\.file) }

  public func checkBudget(in valueRange: ClosedRange<Double>, features: Int) throws {
    try own.inner.attack.check(
      budget: own.inner.epsilon, of: Self.name, in: valueRange, features: features)
  }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    try own.inner.attack.check(against: preparation.network)
    return Ensemble(
      inner: own.inner, clean: own.clean,
      sources: try sources.map { try $0.beside(preparation.network) })
  }

  private struct Ensemble: Objective {
    let inner: InnerAttack
    let clean: Double
    let sources: [Network]

    func terms(_ step: TrainingStep) -> [LossTerm] {
      let drawn = step.draws("source of step \(step.progress.step)")
        .sharedInteger(below: sources.count + 1)
      let examples =
        drawn == sources.count
        ? inner.examples(step, predicted: step.logits.detached.predictedClasses)
        : inner.examples(step, against: sources[drawn])
      let adversarial = step.forward(examples, "adversarial examples")
      return [
        .crossEntropy(step.logits, step.labels, name: "clean", weight: clean),
        .crossEntropy(adversarial, step.labels, name: "adversarial", weight: 1 - clean),
      ]
    }
  }
}
