import Foundation
import Support

/// The accuracies of one cell of a grid in several repetitions of the experiment from different
/// seeds. They show how much an accuracy depends on the seed.
public struct RepeatedCell: Codable, Equatable, Sendable {
  public let attack: String
  public let epsilon: Double
  public let source: String
  public let victim: String
  /// The accuracy of each repetition, in the order of the repetitions.
  public let accuracies: [Double]

  /// The mean of the accuracies.
  public var mean: Double { accuracies.reduce(0, +) / Double(accuracies.count) }

  /// The sample standard deviation, √(Σ(a − mean)² / (n − 1)); 0 for a single repetition.
  public var standardDeviation: Double {
    guard accuracies.count > 1 else { return 0 }
    let squares = accuracies.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    return (squares / Double(accuracies.count - 1)).squareRoot()
  }

  /// The lowest and the highest accuracy.
  public var range: ClosedRange<Double> { (accuracies.min() ?? 0)...(accuracies.max() ?? 0) }
}

extension [Grid] {
  /// The cells that all of these grids have, in the order of the first grid. Empty for one grid.
  func repeatedCells() -> [RepeatedCell] {
    guard let first, count > 1 else { return [] }
    let lookups = map { grid in
      Dictionary(uniqueKeysWithValues: grid.cells.map { ($0.name, $0.accuracy) })
    }
    return first.cells.compactMap { cell in
      let accuracies = lookups.compactMap { $0[cell.name] }
      guard accuracies.count == count else { return nil }
      return RepeatedCell(
        attack: cell.attack, epsilon: cell.epsilon, source: cell.source, victim: cell.victim,
        accuracies: accuracies.map(\.roundedToMillionths))
    }
  }
}

extension [RepeatedCell] {
  /// The cells as a table. Accuracies are fractions.
  public func csv() -> String {
    var table = CSV(header: "attack,epsilon,source,victim,repetitions,mean,sd,min,max")
    for cell in self {
      table.append(
        [
          cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim,
          "\(cell.accuracies.count)",
        ]
          + [cell.mean, cell.standardDeviation, cell.range.lowerBound, cell.range.upperBound].map {
            $0.roundedToMillionths.plainDecimal
          })
    }
    return table.text
  }
}
