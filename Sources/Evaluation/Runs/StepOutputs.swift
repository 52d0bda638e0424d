import Foundation
import Support

/// Which result files a run folder has, from one listing of each of its folders.
struct StepOutputs {
  /// The models that are trained, and so have a file in the run folder.
  private let trained: Set<String>
  /// The names of the files in each folder.
  private var names: [String: Set<String>] = [:]

  init(_ experiment: Experiment, _ folder: URL) {
    trained = Set(experiment.models.filter(\.isTrained).map(\.name))
    let parts = [
      "", "models", "another", "predictions", "probes", "certificates", "explanations", "repeats",
    ]
    for part in parts {
      let place = part.isEmpty ? folder : folder.appending(path: part)
      names[part] = Set((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? [])
    }
  }

  private func has(_ name: String, in part: String) -> Bool { names[part]?.contains(name) ?? false }

  /// Whether a model that `another` looks for does not exist, and a file says so. All steps of such
  /// a model are done when the search is.
  private func isAbsent(_ model: String) -> Bool {
    trained.contains(model) && !has("\(model).safetensors", in: "models")
      && has("\(model).json", in: "another")
  }

  /// Whether the files of a step's result exist.
  func has(_ step: ExperimentStep) -> Bool {
    if let model = step.model, isAbsent(model) { return true }
    return switch step {
    case .model(let model):
      !trained.contains(model) || has("\(model).safetensors", in: "models")
    case .attack(let attack, let source):
      has("\(attack).\(source).safetensors", in: "predictions")
    case .part(let attack, let source, _):
      has("\(attack).\(source).safetensors", in: "predictions")
        || has("\(attack).\(source).safetensors.\(BatchJournal.suffix)", in: "predictions")
    case .probe(let model): has("\(model).json", in: "probes")
    case .certificate(let name, let model): has("\(name).\(model).json", in: "certificates")
    case .explanation(let model): has("\(model).safetensors", in: "explanations")
    case .repetition(let number): has("\(number)", in: "repeats")
    case .report: has("grid.json", in: "") && has("report", in: "")
    }
  }
}
