import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A part of an experiment with an output of its own. Steps that do not need each other may run in
/// any order, and in separate processes that share the run folder.
public enum ExperimentStep: Equatable, Sendable {
  /// Train or read a model; needs the models it is made of.
  case model(String)
  /// Attack a source and show the examples to every victim; needs every model.
  case attack(String, source: String)
  /// Look closely at a model; needs it.
  case probe(String)
  /// The whole experiment once more from another seed, in a folder of its own; needs nothing.
  case repetition(Int)
  /// Put the grid, the pictures and the report together; needs everything else.
  case report

  /// As `--steps`, `--dry-run` and `log.jsonl` call it: `model normal`, `attack fgsm from normal`,
  /// `probe normal`, `repetition 2`, `report`.
  public var name: String {
    switch self {
    case .model(let model): "model \(model)"
    case .attack(let attack, let source): "attack \(attack) from \(source)"
    case .probe(let model): "probe \(model)"
    case .repetition(let number): "repetition \(number)"
    case .report: "report"
    }
  }
}

extension Experiment {
  /// All steps, each after those it needs.
  public var steps: [ExperimentStep] {
    let names = models.map(\.name)
    return names.map { .model($0) }
      + attacks.flatMap { plan in names.map { .attack(plan.name, source: $0) } }
      + names.map { .probe($0) } + repetitions.map { .repetition($0) } + [.report]
  }

  /// The numbers of the repetitions after the first time.
  var repetitions: [Int] { Array((1...repeats).dropFirst()) }

  /// The steps whose names match one of the patterns, in which `*` stands for any text and `?` for
  /// any letter.
  /// - Throws: `Failure.usage` for a pattern that no step matches.
  public func steps(matching patterns: [String]) throws -> [ExperimentStep] {
    for pattern in patterns where !steps.contains(where: { $0.matches(pattern) }) {
      throw Failure.usage(
        "no step is called '\(pattern)'",
        hint: nearestName(to: pattern, among: steps.map(\.name)).map { "did you mean '\($0)'?" }
          ?? "--dry-run lists all steps")
    }
    return steps.filter { step in patterns.contains { step.matches($0) } }
  }
}

extension ExperimentStep {
  fileprivate func matches(_ pattern: String) -> Bool { fnmatch(pattern, name, 0) == 0 }
}
