import Support

/// How far an attack is: the number of examples that are done, and the passes of the present batch.
public struct AttackProgress: Equatable, Sendable {
  /// The number of examples that are done. A batch that is at work counts in part.
  public let examples: Double
  /// The passes of the present batch in words; empty between batches.
  public let passes: String

  /// The progress after a batch.
  init(examples: Double) { self.init(examples: examples, passes: "") }

  /// The same progress, counted from another example than the first.
  func counted(from first: Int) -> AttackProgress {
    AttackProgress(examples: examples - Double(first), passes: passes)
  }

  private init(examples: Double, passes: String) {
    self.examples = examples
    self.passes = passes
  }

  /// The progress within a batch.
  /// - Parameters:
  ///   - passes: the number of forward passes that are done.
  ///   - most: the largest number of them, if it is known.
  ///   - range: the examples of the batch.
  init(passes: Int, of most: Int?, in range: Range<Int>) {
    let share = most.map { min(1, Double(passes) / Double(max(1, $0))) } ?? 0
    examples = Double(range.lowerBound) + share * Double(range.count)
    self.passes = most.map { "pass \(passes + 1) of at most \($0)" } ?? "pass \(passes + 1)"
  }
}

extension ProgressDisplay {
  /// Shows the progress of an attack.
  public func update(_ progress: AttackProgress) { update(progress.examples, progress.passes) }
}
