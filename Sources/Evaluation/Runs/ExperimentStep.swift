import Support

/// A piece of an experiment's work with a result of its own. Steps that do not need each other may
/// run in any order, and in separate processes that share the run folder.
public enum ExperimentStep: Hashable, Sendable {
  /// Train or read a model. Needs the models that it is made of.
  case model(String)
  /// Attack a source model and show the examples to every victim. Needs every model.
  case attack(String, source: String)
  /// Compute some of the batches of an attack. Needs every model. The step of the attack then reads
  /// them, instead of computing them.
  case part(String, source: String, AttackPart)
  /// Measure on a model what the trust checks need. Needs the model.
  case probe(String)
  /// Certify a model's answers by one certificate. Needs the model.
  case certificate(String, model: String)
  /// Explain a model's answers to the first examples. Needs the model.
  case explanation(String)
  /// Run the whole experiment from another seed, in a folder of its own. Needs nothing.
  case repetition(Int)
  /// Write the grid, the pictures and the report. Needs every other step.
  case report

  /// The name in `--steps`, `plan`, `status` and `log.jsonl`: `model normal`, `attack fgsm from
  /// normal`, `attack fgsm from normal part 2 of 4`, `probe normal`,
  /// `certify crown of normal`, `explain normal`, `repetition 2`, `report`.
  public var name: String {
    switch self {
    case .model(let model): "model \(model)"
    case .attack(let attack, let source): "attack \(attack) from \(source)"
    case .part(let attack, let source, let part):
      "\(ExperimentStep.attack(attack, source: source).name) \(part.name)"
    case .probe(let model): "probe \(model)"
    case .certificate(let name, let model): "certify \(name) of \(model)"
    case .explanation(let model): "explain \(model)"
    case .repetition(let number): "repetition \(number)"
    case .report: "report"
    }
  }

  /// The kind of a step. Steps of one kind need a similar machine.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case model, attack, part, probe, certificate, explanation, repetition, report
  }

  public var kind: Kind {
    switch self {
    case .model: .model
    case .attack: .attack
    case .part: .part
    case .probe: .probe
    case .certificate: .certificate
    case .explanation: .explanation
    case .repetition: .repetition
    case .report: .report
    }
  }

  /// The model that this step trains, attacks, measures, certifies or explains; nil for other
  /// steps.
  var model: String? {
    switch self {
    case .model(let name), .attack(_, let name), .part(_, let name, _), .probe(let name),
      .certificate(_, let name), .explanation(let name):
      name
    case .repetition, .report: nil
    }
  }

  /// The attack that this step computes or is a part of; nil for other steps.
  var attack: (name: String, source: String)? {
    switch self {
    case .attack(let name, let source), .part(let name, let source, _): (name, source)
    default: nil
    }
  }
}
