import Support

/// What may be known about an example besides its label.
public enum AnnotationKind: String, Sendable, CaseIterable {
  case masks
  case groups
}

extension LabelledImages {
  /// Refuses data that lack annotations which a training needs.
  /// - Throws: `Failure.badData` that names what is missing and says how to add it.
  public func check(has needs: Set<AnnotationKind>) throws {
    if needs.contains(.masks), annotations.storedMasks == nil {
      throw Failure.badData(
        "\(name) has no masks, and the defense needs one for every example",
        hint: "add an array 'masks' to the data: 1 where a feature must not matter, 0 elsewhere; "
          + "for pictures, a folder masks/ beside images/; for a table, the option mask=COLUMNS")
    }
    if needs.contains(.groups), annotations.groups == nil {
      throw Failure.badData(
        "\(name) has no groups, and the defense needs the group of every example",
        hint: "add an array 'groups' to the data: a whole number for each example; for pictures "
          + "and tables, a column of groups in a CSV file")
    }
  }
}
