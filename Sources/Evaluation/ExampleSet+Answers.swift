import ModelCore

extension ExampleSet {
  /// The examples of a range, sharing memory with these.
  public func subset(_ range: Range<Int>) -> ExampleSet {
    func cut(_ tensor: Tensor, dimension: Int = 0) -> Tensor {
      tensor.narrow(dimension, range.lowerBound, range.count)
    }
    return ExampleSet(
      origin: origin, original: cut(original), adversarial: adversarial.map { cut($0) },
      label: cut(label),
      target: cut(target), index: cut(index), predicted: cut(predicted, dimension: 1),
      confidence: cut(confidence, dimension: 1))
  }

  /// For every example, whether an answer is what the attack wanted: the target, or where there is
  /// none any class but the label.
  /// - Parameter answers: a class for each example.
  public func fools(_ answers: [Int64]) -> [Bool] {
    zip(answers, zip(label.int64s(), target.int64s())).map { answer, wanted in
      wanted.1 < 0 ? answer != wanted.0 : answer == wanted.1
    }
  }

  /// For every example within a budget, by its place in `origin.epsilons`, whether it fooled the
  /// source it was made on.
  public func fooled(budget: Int) -> [Bool] { fools(predicted.select(0, budget).int64s()) }
}

extension ExampleSet.Origin {
  /// The place of the middle one of the budgets above 0: what is shown where only one is. Nil if
  /// there is none.
  public var middleBudget: Int? {
    let above = epsilons.indices.filter { epsilons[$0] > 0 }
    return above.isEmpty ? nil : above[above.count / 2]
  }
}
