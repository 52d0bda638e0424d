import ModelCore

extension ExampleSet {
  /// The examples of a range. They share memory with these.
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

  /// Whether each answer is what the attack wanted: the target class, or for an untargeted attack
  /// any class but the label.
  /// - Parameter answers: a predicted class for each example.
  public func fools(_ answers: [Int64]) -> [Bool] {
    zip(answers, zip(label.int64s(), target.int64s())).map { answer, wanted in
      wanted.1 < 0 ? answer != wanted.0 : answer == wanted.1
    }
  }

  /// Whether each example fooled its source model.
  /// - Parameter budget: the place of the budget in `origin.epsilons`.
  public func fooled(budget: Int) -> [Bool] { fools(predicted.select(0, budget).int64s()) }
}

extension ExampleSet.Origin {
  /// The place of the middle one of the budgets above 0, for figures that show only one budget; nil
  /// if no budget is above 0.
  public var middleBudget: Int? {
    let above = epsilons.indices.filter { epsilons[$0] > 0 }
    return above.isEmpty ? nil : above[above.count / 2]
  }
}
