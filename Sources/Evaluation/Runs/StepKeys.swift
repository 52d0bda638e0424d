import Datasets
import Foundation
import Support

/// A digest for every step of an experiment over everything in the experiment that its result
/// depends on, which is computed without opening data and models.
///
/// Data and model files count with the sizes and times of their files. So a key changes when a line
/// of the experiment changes on which the step depends, and when a file is changed. It does not
/// change with the folder that the files lie in, since another machine may have them, or copies of
/// them, under another path.
public struct StepKeys: Sendable {
  private var models: [String: String] = [:]
  private var attacks: [String: String] = [:]
  private let shared: String
  private let test: String
  private let noises: String
  private let reliance: String
  private let explain: String
  private let certificates: [String: String]
  private let whole: String

  /// - Throws: `Failure` if the experiment cannot be written as text.
  public init(_ experiment: Experiment) throws {
    let texts = try experiment.resolvedTexts()
    let places = Places(of: experiment)
    shared = Digest.hex(
      of: "steps 1\n\(experiment.seed.value)\n\(places.removed(from: texts.data))")
    let train = experiment.data.state(.train) ?? ""
    let validation = experiment.data.state(.validation) ?? ""
    test = Self.key(
      [experiment.data.state(.test) ?? "", "\(experiment.count ?? 0) \(experiment.sample ?? 0)"])
    whole = places.removed(from: try experiment.resolved())
    (noises, reliance) = ("\(experiment.attacks.noiseSizes)", texts.reliance)
    (explain, certificates) = (texts.explain.inFormerSpelling, texts.certificates)
    for plan in experiment.models {
      let text = places.removed(from: texts.models[plan.name] ?? "")
      var parts = [shared, plan.name, text.inFormerSpelling]
      parts += plan.origin.needs.map { models[$0] ?? "" }
      switch plan.origin {
      case .file(let url, _): parts.append(FileStamps.copyDigest(of: url) ?? "")
      case .training: parts += [train, validation]
      case .another: parts += [train, validation, test, places.removed(from: texts.another)]
      case .model, .ensemble: break
      }
      models[plan.name] = Self.key(parts)
    }
    // An attack shows its examples to every model.
    let victims = experiment.models.map { models[$0.name] ?? "" }
    for plan in experiment.attacks {
      let kept = experiment.images.map { $0.attacks.contains(plan.name) ? $0.count : 0 } ?? 0
      let shown = experiment.study.map { $0.attacks.contains(plan.name) ? $0.imagesPerClass : 0 }
      attacks[plan.name] = Self.key(
        [shared, test, plan.name, texts.attacks[plan.name] ?? "", "\(kept) \(shown ?? 0)"] + victims
          + (experiment.judgements == 1 ? [] : ["judgements \(experiment.judgements)"]))
    }
  }

  /// The key of a step.
  public func callAsFunction(_ step: ExperimentStep) -> String {
    switch step {
    case .model(let name): models[name] ?? ""
    case .attack(let name, let source), .part(let name, let source, _):
      Self.key([attacks[name] ?? "", source])
    case .probe(let name): Self.key(["probe", models[name] ?? "", shared, test, noises, reliance])
    case .certificate(let name, let model):
      Self.key(["certify", name, models[model] ?? "", shared, test, certificates[name] ?? ""])
    case .explanation(let name): Self.key(["explain", models[name] ?? "", shared, test, explain])
    case .repetition, .report:
      Self.key(["all", whole, test] + models.sorted { $0.key < $1.key }.map(\.value))
    }
  }

  private static func key(_ parts: [String]) -> String {
    Digest.hex(of: parts.joined(separator: "\n"))
  }

  /// The folders of the data and of model files, which are left out of the texts of an experiment.
  private struct Places {
    /// The longest first, since one may lie in another.
    private let folders: [String]

    init(of experiment: Experiment) {
      var urls = experiment.models.compactMap { plan in
        if case .file(let url, _) = plan.origin { url } else { nil }
      }
      if let data = experiment.data.reference.path { urls.append(data.standardizedFileURL) }
      folders = Set(urls.map { isFolder($0) ? $0.path : $0.deletingLastPathComponent().path })
        .filter { $0.count > 1 }.sorted { ($1.count, $0) < ($0.count, $1) }
    }

    func removed(from text: String) -> String {
      folders.reduce(text) { $0.replacing($1, with: "") }
    }
  }
}
