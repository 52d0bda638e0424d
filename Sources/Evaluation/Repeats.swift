import Foundation
import Support

/// What differed between the repetitions of an experiment from different seeds.
public enum RepeatedWork: String, Codable, Sendable {
  /// A model was trained again.
  case training
  /// The models were the same, such as models from files, and the attack drew other random numbers.
  case attack
  /// The models were the same, and the attack gave the same results: nothing random happened.
  case nothing
}

/// The accuracies of one cell of a grid in several repetitions of the experiment from different
/// seeds. They show how much an accuracy depends on the seed.
public struct RepeatedCell: Codable, Equatable, Sendable {
  public let attack: String
  public let epsilon: Double
  public let source: String
  public let victim: String
  /// The accuracy of each repetition, in the order of the repetitions.
  public let accuracies: [Double]
  /// What differed between the repetitions; nil in the grids of versions that did not record it.
  public let varied: RepeatedWork?

  public init(
    attack: String, epsilon: Double, source: String, victim: String, accuracies: [Double],
    varied: RepeatedWork? = nil
  ) {
    self.attack = attack
    self.epsilon = epsilon
    self.source = source
    self.victim = victim
    self.accuracies = accuracies
    self.varied = varied
  }

  /// The mean, the sample standard deviation and the range of the accuracies.
  private var spread: Spread { Spread(accuracies.isEmpty ? [0] : accuracies) }

  /// The mean of the accuracies.
  public var mean: Double { spread.mean }

  /// The sample standard deviation, √(Σ(a − mean)² / (n − 1)); 0 for a single repetition.
  public var standardDeviation: Double { spread.standardDeviation }

  /// The lowest and the highest accuracy.
  public var range: ClosedRange<Double> { spread.range }
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
        accuracies: accuracies.map(\.roundedToMillionths), varied: varied(cell))
    }
  }

  /// What differs between these grids in the computation of a cell: the weights of its models, the
  /// results of its attack, or nothing.
  private func varied(_ cell: GridCell) -> RepeatedWork {
    func differs<Value: Equatable>(_ value: (Grid) -> Value) -> Bool {
      contains { value($0) != value(self[0]) }
    }
    if differs({ grid in
      [cell.source, cell.victim].map { grid.provenance.model($0)?.fingerprint }
    }) {
      return .training
    }
    let isRandom = differs { grid in
      grid.spending.filter { $0.attack == cell.attack && $0.source == cell.source }
    }
    return isRandom || differs { $0.cells.first { $0.name == cell.name } } ? .attack : .nothing
  }
}

extension [RepeatedCell] {
  /// Which part of the experiment was not repeated, as a sentence; nil if every model was trained
  /// again in every repetition.
  public var limits: String? {
    let fixed = filter { $0.varied == .attack || $0.varied == .nothing }
    guard !fixed.isEmpty else { return nil }
    let models = Set(fixed.flatMap { [$0.source, $0.victim] }).sorted().joined(separator: ", ")
    // A model that was trained again has no cell among the fixed ones.
    let subject = "The repetitions use the same weights of \(models)"
    let still = Set(fixed.filter { $0.varied == .nothing && $0.epsilon > 0 }.map(\.attack)).sorted()
    let drawing = Set(fixed.filter { $0.varied == .attack }.map(\.attack))
    let same = still.filter { !drawing.contains($0) }
    guard !same.isEmpty else {
      return "\(subject), so that only the attack was repeated: the deviation says nothing about "
        + "other trainings."
    }
    let attacks = same.joined(separator: ", ")
    let rest = drawing.isEmpty ? "" : " Of the other attacks only the random numbers were repeated."
    return "\(subject), and \(attacks) gave the same results from every seed: nothing random was "
      + "repeated, and a deviation of 0 says nothing.\(rest)"
  }

  /// The cells as a table. Accuracies are fractions.
  public func csv() -> String {
    var table = CSV(header: "attack,epsilon,source,victim,repetitions,mean,sd,min,max,varied")
    for cell in self {
      table.append(
        [
          cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim,
          "\(cell.accuracies.count)",
        ]
          + [cell.mean, cell.standardDeviation, cell.range.lowerBound, cell.range.upperBound].map {
            $0.roundedToMillionths.plainDecimal
          } + [cell.varied?.rawValue ?? ""])
    }
    return table.text
  }
}
