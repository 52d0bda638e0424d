import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A part of an experiment with a result of its own. Steps that do not need each other may run in
/// any order, and in separate processes that share the run folder.
public enum ExperimentStep: Equatable, Sendable {
  /// Train or read a model. Needs the models that it is made of.
  case model(String)
  /// Attack a source model and show the examples to every victim. Needs every model.
  case attack(String, source: String)
  /// Measure on a model what the trust checks need. Needs the model.
  case probe(String)
  /// Explain a model's answers to the first examples. Needs the model.
  case explanation(String)
  /// Run the whole experiment from another seed, in a folder of its own. Needs nothing.
  case repetition(Int)
  /// Write the grid, the pictures and the report. Needs every other step.
  case report

  /// The name in `--steps`, `--dry-run` and `log.jsonl`: `model normal`, `attack fgsm from normal`,
  /// `probe normal`, `explain normal`, `repetition 2`, `report`.
  public var name: String {
    switch self {
    case .model(let model): "model \(model)"
    case .attack(let attack, let source): "attack \(attack) from \(source)"
    case .probe(let model): "probe \(model)"
    case .explanation(let model): "explain \(model)"
    case .repetition(let number): "repetition \(number)"
    case .report: "report"
    }
  }
}

extension Experiment {
  /// All steps, each after the steps that it needs.
  public var steps: [ExperimentStep] {
    let names = models.map(\.name)
    return names.map { .model($0) }
      + attacks.flatMap { plan in names.map { .attack(plan.name, source: $0) } }
      + names.map { .probe($0) } + (explain == nil ? [] : names.map { .explanation($0) })
      + repetitions.map { .repetition($0) } + [.report]
  }

  /// The numbers of the repetitions, from 2 on. The first time is the experiment itself.
  var repetitions: [Int] { Array((1...repeats).dropFirst()) }

  /// The steps whose names match one of the patterns. In a pattern, `*` stands for any text and `?`
  /// for any character.
  /// - Throws: `Failure.usage` for a pattern that matches no step.
  public func steps(matching patterns: [String]) throws -> [ExperimentStep] {
    for pattern in patterns where !steps.contains(where: { $0.matches(pattern) }) {
      throw Failure.usage(
        "there is no step '\(pattern)'",
        hint: nearestName(to: pattern, among: steps.map(\.name)).map { "did you mean '\($0)'?" }
          ?? "--dry-run lists all steps")
    }
    return steps.filter { step in patterns.contains { step.matches($0) } }
  }
}

extension ExperimentStep {
  fileprivate func matches(_ pattern: String) -> Bool { fnmatch(pattern, name, 0) == 0 }
}
