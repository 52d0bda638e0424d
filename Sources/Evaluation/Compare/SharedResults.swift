import Attacks
import ModelCore
import Support

/// The predictions that two runs have in common: of the same attacks on source models of the same
/// names, for the same images.
struct SharedResults {
  private let pairs: [(before: TransferResult, after: TransferResult)]
  /// The models that are victims in both runs, in the order of the later one.
  let models: [String]
  /// What is left out, each in a sentence.
  let notes: [String]

  /// - Throws: `Failure.badData` if the runs have no model or no attack in common; what reading the
  ///   predictions throws.
  init(_ before: StoredRun, _ after: StoredRun) throws {
    let (first, second) = (before.grid, after.grid)
    models = second.victims.filter(first.victims.contains)
    guard !models.isEmpty else {
      throw Failure.badData(
        "the runs are not comparable, because no model has the same name in both: "
          + "\(before.folder.relativePath) has \(first.victims.joined(separator: ", ")), and "
          + "\(after.folder.relativePath) has \(second.victims.joined(separator: ", "))")
    }
    var notes: [String] = []
    var pairs: [(TransferResult, TransferResult)] = []
    var seen: Set<String> = []
    for attack in (first.attacks + second.attacks) where seen.insert(attack).inserted {
      func leaveOut(_ why: String) { notes.append("\(attack) is not compared: \(why).") }
      guard first.attacks.contains(attack), second.attacks.contains(attack) else {
        let run = first.attacks.contains(attack) ? before : after
        leaveOut("only \(run.folder.relativePath) has it")
        continue
      }
      guard first.provenance.attack(attack) == second.provenance.attack(attack) else {
        leaveOut("its settings differ")
        continue
      }
      let sources = second.sources.filter(first.sources.contains)
      let results = try sources.map {
        (try before.result(of: attack, from: $0), try after.result(of: attack, from: $0))
      }
      if let why = results.lazy.compactMap({ $1.difference(from: $0) }).first {
        leaveOut(why)
      } else {
        pairs += results
      }
    }
    guard !pairs.isEmpty else {
      throw Failure.badData(
        "the runs are not comparable, because they have no attack in common. "
          + notes.joined(separator: " "),
        hint: "compare runs of the same experiment")
    }
    self.notes = notes
    self.pairs = pairs
  }

  /// The worst cases within the budget that stands for the attacks in common; nil if no budget is the
  /// size of a perturbation.
  /// - Parameter cases: the worst cases of one of the runs, which say in which norm an attack counts.
  func worstOutcomes(_ cases: [WorstCase]) -> (before: WorstOutcome, after: WorstOutcome)? {
    var sizes: [SizeOfBudget] = []
    for row in cases {
      for attack in row.attacks where !sizes.contains(where: { $0.attack == attack }) {
        sizes.append(SizeOfBudget(attack: attack, norm: Norm(rawValue: row.norm)))
      }
    }
    let first = pairs.map(\.before).worstOutcomes(sizes)
    let second = pairs.map(\.after).worstOutcomes(sizes)
    let both = first.compactMap { outcome in
      second.first {
        $0.norm == outcome.norm && $0.epsilon == outcome.epsilon && $0.attacks == outcome.attacks
      }.map { (before: outcome, after: $0) }
    }
    guard let budget = both.map(\.after).worstCases().headlineBudgets.first else { return nil }
    return both.first { $0.after.norm == budget.norm && $0.after.epsilon == budget.epsilon }
  }

  /// The change of a model's accuracy on unchanged images, the most that an attack was given.
  func clean(_ model: String, among comparisons: Int) -> AccuracyChange {
    guard let pair = pairs.max(by: { $0.after.imageCount < $1.after.imageCount }) else {
      preconditionFailure("there is a pair of results")
    }
    func right(_ result: TransferResult) -> [Bool] {
      guard let place = result.victims.firstIndex(of: model) else {
        preconditionFailure("\(model) is a victim in both runs")
      }
      let right = result.clean.select(0, place).equals(result.labels).int64s()
      return stride(from: 0, to: right.count, by: result.examplesPerImage).map { right[$0] != 0 }
    }
    return AccuracyChange(right(pair.before), right(pair.after), among: comparisons)
  }

  /// The change of every cell with a budget above 0.
  func cells() -> [CellChange] {
    let attacked = pairs.map { ($0.before.withoutExcluded(), $0.after.withoutExcluded()) }
    let count = attacked.map { $1.epsilons.count { $0 > 0 } * models.count }.reduce(0, +)
    return attacked.flatMap { before, after in
      after.epsilons.filter { $0 > 0 }.flatMap { epsilon in
        models.compactMap { model in
          guard let first = before.right(epsilon, model), let second = after.right(epsilon, model)
          else { return nil }
          return CellChange(
            attack: after.attack, epsilon: epsilon, source: after.source, victim: model,
            accuracy: AccuracyChange(
              first, second, examplesPerImage: after.examplesPerImage, among: count))
        }
      }
    }
  }
}
