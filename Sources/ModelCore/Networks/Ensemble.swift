import Support

/// Several classifiers as one, whose logits are the mean of theirs.
///
/// As the source model of an attack, it makes adversarial examples that must fool all members at
/// once, and such examples transfer better to other models. Liu et al., "Delving into transferable
/// adversarial examples and black-box attacks", 2017.
public struct Ensemble: Classifier {
  public let members: [any Classifier]

  /// - Throws: `Failure.badData` if there are no members, or if they differ in their input shape,
  ///   their pixel range or their number of classes.
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
          "the models of an ensemble must have the same input shape, pixel range and number of "
            + "classes; found \(Self.described(first)) and \(Self.described(member))")
      }
    }
    self.members = members
  }

  private static func described(_ member: any Classifier) -> String {
    "\(member.inputShape) in \(member.valueRange) with \(member.classCount) classes"
  }

  public var inputShape: InputShape { members[0].inputShape }
  public var classCount: Int { members[0].classCount }
  public var valueRange: ClosedRange<Double> { members[0].valueRange }
  public var device: Device { members[0].device }

  public func logits(_ images: Tensor) -> Tensor {
    let all = members.map { $0.logits(images) }
    return all.dropFirst().reduce(all[0], +) / Double(all.count)
  }

  public func bounds(_ box: Bounds) throws -> Bounds {
    Self.mean(try members.map { try $0.bounds(box) })
  }

  public func relaxed(_ input: RelaxedValue) throws -> RelaxedValue {
    let all = try members.map { try $0.relaxed(input) }
    return .affine(all, Self.mean(all.map(\.bounds))) { logits in
      logits.dropFirst().reduce(logits[0], +) / Double(logits.count)
    }
  }

  /// The bounds of the mean of numbers in bounds.
  private static func mean(_ all: [Bounds]) -> Bounds {
    let share = 1 / Double(all.count)
    return all.dropFirst().reduce(Bounds(around: all[0].center * share, by: all[0].radius * share))
    {
      Bounds(around: $0.center + $1.center * share, by: $0.radius + $1.radius * share)
    }
  }
}
