import ModelCore
import Support

extension Norm {
  /// The size of the largest perturbation that keeps all values valid.
  /// - Parameters:
  ///   - valueRange: the smallest and the largest valid value.
  ///   - features: the number of values of an image.
  public func largestSize(in valueRange: ClosedRange<Double>, features: Int) -> Double {
    let width = valueRange.upperBound - valueRange.lowerBound
    return switch self {
    case .linf: width
    case .l2: width * Double(features).squareRoot()
    case .l1: width * Double(features)
    case .l0: Double(features)
    }
  }

  /// Checks that a perturbation can be as large as a budget. A larger budget is most likely meant
  /// in another unit, such as 8 for 8/255.
  ///
  /// Budgets in ℓ0 are not checked, because they are shares of the features.
  /// - Parameter subject: what has the budget, for the message.
  /// - Throws: `Failure.usage`, which names the largest budget.
  public func check(
    budget: Double, of subject: String, in valueRange: ClosedRange<Double>, features: Int
  ) throws {
    let largest = largestSize(in: valueRange, features: features)
    guard self != .l0, budget > largest * (1 + 1e-9) else { return }
    let values =
      "values from \(valueRange.lowerBound.plainDecimal) to "
      + valueRange.upperBound.plainDecimal
    let reason =
      self == .linf
      ? "is more than any pixel can change: the images have \(values)"
      : "is more than a whole image can change: the images have \(features) \(values), so the "
        + "largest perturbation has the \(symbol) norm \(largest.rounded(toPlaces: 4))"
    let isOfBytes = self == .linf && valueRange == 0...1 && budget <= 255
    let share = (budget / 255).rounded(toPlaces: 4)
    throw Failure.usage(
      "\(subject): the budget \(budget.plainDecimal) \(reason)",
      hint: isOfBytes
        ? "did you mean \(budget.plainDecimal)/255, which is \(share)?"
        : "state the budget in the unit of the values; it can be at most "
          + largest.rounded(toPlaces: 4))
  }
}

extension Double {
  /// The number as a decimal, rounded to a number of places after the point.
  fileprivate func rounded(toPlaces places: Int) -> String {
    let factor = (0..<places).reduce(1.0) { product, _ in product * 10 }
    return ((self * factor).rounded() / factor).plainDecimal
  }
}

extension AttackPlan {
  /// Checks that images of a value range can change by as much as each budget allows.
  /// - Throws: `Failure.usage`, which names the budget and the largest one.
  public func checkBudgets(in valueRange: ClosedRange<Double>, features: Int) throws {
    for epsilon in epsilons {
      try attack.check(budget: epsilon, of: name, in: valueRange, features: features)
    }
  }
}
