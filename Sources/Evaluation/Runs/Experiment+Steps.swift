import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Experiment {
  /// All steps, each after the steps that it needs.
  public var steps: [ExperimentStep] { steps(parts: 1) }

  /// All steps, each after the steps that it needs.
  /// - Parameter parts: the number of parts of each attack. If it is not 1, the steps of the parts
  ///   come before those of the attacks, which merge them.
  public func steps(parts: Int) -> [ExperimentStep] {
    let names = models.map(\.name)
    let pairs = attacks.flatMap { plan in names.map { (attack: plan.name, source: $0) } }
    let divided = parts == 1 ? [] : AttackPart.all(parts)
    return names.map { .model($0) }
      + pairs.flatMap { pair in divided.map { .part(pair.attack, source: pair.source, $0) } }
      + pairs.map { .attack($0.attack, source: $0.source) }
      + names.map { .probe($0) }
      + certificates.flatMap { plan in names.map { .certificate(plan.name, model: $0) } }
      + (explain == nil ? [] : names.map { .explanation($0) })
      + repetitions.map { .repetition($0) } + [.report]
  }

  /// The numbers of the repetitions, from 2 on. The first time is the experiment itself.
  var repetitions: [Int] { Array((1...repeats).dropFirst()) }

  /// The steps that must be done before another one. What these need in turn is left out.
  /// - Parameter parts: the number of parts of each attack.
  public func needs(of step: ExperimentStep, parts: Int = 1) -> [ExperimentStep] {
    switch step {
    case .model(let name):
      (models.first { $0.name == name }?.origin.needs ?? []).map { .model($0) }
    case .attack(let name, let source) where parts > 1:
      AttackPart.all(parts).map { .part(name, source: source, $0) }
    case .attack, .part: models.map { .model($0.name) }
    case .probe(let name), .certificate(_, let name), .explanation(let name): [.model(name)]
    case .repetition: []
    case .report: steps.filter { $0 != .report }
    }
  }

  /// The steps whose names match one of the patterns. In a pattern, `*` stands for any text and `?`
  /// for any character. A pattern that ends in `part K of N`, with a number or `*` for K, matches
  /// parts of attacks; all other patterns match undivided steps.
  /// - Throws: `Failure.usage` for a pattern that matches no step.
  public func steps(matching patterns: [String]) throws -> [ExperimentStep] {
    let all = steps
    let named = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    var found: Set<ExperimentStep> = []
    var parts: [ExperimentStep] = []
    var listed: Set<ExperimentStep> = []
    for pattern in patterns {
      let (whole, numbers) = try divided(pattern)
      let matches =
        named[whole].map { [$0] } ?? all.filter { fnmatch(whole, $0.name, 0) == 0 }
      let wanted =
        numbers.map { numbers in
          matches.flatMap { step in
            step.attack.map { attack in
              numbers.map { .part(attack.name, source: attack.source, $0) }
            } ?? []
          }
        } ?? matches
      guard !wanted.isEmpty else {
        throw Failure.usage(
          "there is no step '\(pattern)'",
          hint: nearestName(to: pattern, among: all.map(\.name)).map { "did you mean '\($0)'?" }
            ?? "crossfire plan lists all steps")
      }
      if numbers != nil { parts += wanted.filter { listed.insert($0).inserted } }
      found.formUnion(wanted)
    }
    // The order of the experiment, with the parts of an attack before the step that merges them.
    return all.filter { found.contains($0) && $0.kind == .model } + parts
      + all.filter { found.contains($0) && $0.kind != .model }
  }

  /// Divides a pattern into that of an attack and the parts that it asks for; nil if it asks for
  /// none.
  private func divided(_ pattern: String) throws -> (whole: String, parts: [AttackPart]?) {
    // The last four words are compared, which is much faster than a regular expression.
    let words = pattern.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count > 4, words[words.count - 4] == "part", words[words.count - 2] == "of",
      let count = Int(words[words.count - 1])
    else { return (pattern, nil) }
    let (whole, number) = (words.dropLast(4).joined(separator: " "), words[words.count - 3])
    guard (1...AttackPart.most).contains(count) else {
      throw Failure.usage(
        "'\(pattern)': expected 1 to \(AttackPart.most) parts, found \(count)")
    }
    if let number = Int(number) {
      return (whole, (1...count).contains(number) ? [AttackPart(number, of: count)] : [])
    }
    let parts = AttackPart.all(count).filter { fnmatch(String(number), "\($0.number)", 0) == 0 }
    return (whole, parts)
  }
}
