import Datasets
import ModelCore
import Support

/// The terms of several objectives, each times a weight.
///
/// Where every part is a penalty, the cross-entropy of the true labels comes first, once, with weight
/// one. The draws and dropout masks of a part do not depend on the others: they belong to purposes.
public struct ObjectiveSum: Objective {
  private let parts: [(objective: any Objective, weight: Double)]

  /// - Parameter parts: in the order in which they make their own passes through the network, which
  ///   is that in which these move its running statistics.
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

  /// Each part's state under the part's number.
  public var state: [String: Tensor] {
    parts.enumerated().reduce(into: [:]) { all, part in
      for (name, tensor) in part.element.objective.state { all["\(part.offset).\(name)"] = tensor }
    }
  }

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
        // The parts before this one have changed already.
        for earlier in 0..<number { try parts[earlier].objective.restore(before[earlier]) }
        throw error
      }
    }
  }
}
