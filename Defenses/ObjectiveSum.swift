import Datasets
import ModelCore
import Support

/// The sum of several objectives, each multiplied by a weight.
///
/// If all parts are penalties, the cross-entropy of the true labels is added as the first part,
/// with weight one. The random numbers and dropout masks of a part belong to its purposes, so they
/// do not depend on the other parts.
public struct ObjectiveSum: Objective {
  private let parts: [(objective: any Objective, weight: Double)]

  /// - Parameter parts: in the order in which they make forward passes of their own, and so update
  ///   the running statistics.
  public init(_ parts: [(objective: any Objective, weight: Double)]) {
    let fit: [(objective: any Objective, weight: Double)] =
      parts.allSatisfy(\.objective.isPenalty) ? [(CrossEntropy(), 1)] : []
    self.parts = fit + parts
  }

  public var readsCleanLogits: Bool { parts.contains { $0.objective.readsCleanLogits } }
  public var needs: Set<AnnotationKind> {
    parts.reduce(into: []) { $0.formUnion($1.objective.needs) }
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    parts.flatMap { part in part.objective.terms(step).map { $0.weighted(part.weight) } }
  }

  /// The state of all parts. The names of a part's state begin with its number.
  public var state: [String: Tensor] {
    parts.enumerated().reduce(into: [:]) { all, part in
      for (name, tensor) in part.element.objective.state { all["\(part.offset).\(name)"] = tensor }
    }
  }

  /// Gives each part its own state.
  /// - Throws: `Failure` if the state of a part does not fit. In that case no part has changed.
  public func restore(_ state: [String: Tensor]) throws {
    let before = parts.map(\.objective.state)
    for (number, part) in parts.enumerated() {
      let prefix = "\(number)."
      let own = state.filter { $0.key.hasPrefix(prefix) }
      do {
        try part.objective.restore(
          Dictionary(
            uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
      } catch {
        // The parts before this one have changed already, and get their old state back.
        for earlier in 0..<number { try parts[earlier].objective.restore(before[earlier]) }
        throw error
      }
    }
  }
}
