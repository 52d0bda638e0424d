import Foundation
import Support

/// A digest for every step of an experiment over everything in the experiment that its result
/// depends on, which is computed without opening data and models.
///
/// Data and model files count with the sizes and times of their files. So a key changes when a line
/// of the experiment changes on which the step depends, and when a file is changed.
public struct StepKeys: Sendable {
  private var models: [String: String] = [:]
  private var attacks: [String: String] = [:]
  private let shared: String
  private let test: String
  private let noises: String
  private let reliance: String
  private let explain: String
  private let whole: String

  /// - Throws: `Failure` if the experiment cannot be written as text.
  public init(_ experiment: Experiment) throws {
    let texts = try experiment.resolvedTexts()
    shared = Digest.hex(of: "steps 1\n\(experiment.seed.value)\n\(texts.data)")
    let train = experiment.data.state(.train) ?? ""
    let validation = experiment.data.state(.validation) ?? ""
    test = Self.key(
      [experiment.data.state(.test) ?? "", "\(experiment.count ?? 0) \(experiment.sample ?? 0)"])
    whole = try experiment.resolved()
    (noises, reliance) = ("\(experiment.attacks.noiseSizes)", texts.reliance)
    explain = texts.explain
    for plan in experiment.models {
      var parts = [shared, plan.name, texts.models[plan.name] ?? ""]
      parts += plan.origin.needs.map { models[$0] ?? "" }
      switch plan.origin {
      case .file(let url, _): parts.append(FileState(url).text)
      case .training: parts += [train, validation]
      case .another: parts += [train, validation, test, texts.another]
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
      )
    }
  }

  /// The key of a step.
  public func callAsFunction(_ step: ExperimentStep) -> String {
    switch step {
    case .model(let name): models[name] ?? ""
    case .attack(let name, let source), .part(let name, let source, _):
      Self.key([attacks[name] ?? "", source])
    case .probe(let name): Self.key(["probe", models[name] ?? "", shared, test, noises, reliance])
    case .explanation(let name): Self.key(["explain", models[name] ?? "", shared, test, explain])
    case .repetition, .report:
      Self.key(["all", whole, test] + models.sorted { $0.key < $1.key }.map(\.value))
    }
  }

  private static func key(_ parts: [String]) -> String {
    Digest.hex(of: parts.joined(separator: "\n"))
  }
}

/// The size and the time of the last change of a file, or of the files in a folder, from which a
/// change can be seen without reading them.
struct FileState {
  let text: String

  init(_ url: URL) {
    guard isFolder(url) else {
      text = Self.line(url)
      return
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    text = names.sorted().map { $0 + " " + Self.line(url.appending(path: $0)) }.joined(
      separator: "\n")
  }

  private static func line(_ url: URL) -> String {
    let values = try? url.resourceValues(forKeys: [.fileSizeKey, .contentModificationDateKey])
    let time = values?.contentModificationDate?.timeIntervalSinceReferenceDate ?? 0
    return "\(url.path) \(values?.fileSize ?? -1) \(time)"
  }
}
