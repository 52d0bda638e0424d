import Support

/// Several classifiers as one: the mean of their logits. Attacked as a source, its examples have to
/// fool all at once, which makes them transfer better. Liu et al., "Delving into transferable
/// adversarial examples and black-box attacks", 2017.
public struct Ensemble: Classifier {
  public let members: [any Classifier]

  /// - Throws: `Failure.badData` if there are no members, or they take different images or know
  ///   different numbers of classes.
  public init(_ members: [any Classifier]) throws {
    guard let first = members.first else {
      throw Failure.badData("an ensemble needs at least one model")
    }
    for member in members {
      guard
        member.inputShape == first.inputShape, member.classCount == first.classCount,
        member.valueRange == first.valueRange
      else {
        throw Failure.badData(
          "the models of an ensemble differ: one takes \(first.inputShape) in \(first.valueRange) to \(first.classCount) classes, "
            + "another \(member.inputShape) in \(member.valueRange) to \(member.classCount)")
      }
    }
    self.members = members
  }

  public var inputShape: InputShape { members[0].inputShape }
  public var classCount: Int { members[0].classCount }
  public var valueRange: ClosedRange<Double> { members[0].valueRange }
  public var device: Device { members[0].device }

  public func logits(_ images: Tensor) -> Tensor {
    let all = members.map { $0.logits(images) }
    return all.dropFirst().reduce(all[0], +) / Double(all.count)
  }
}
