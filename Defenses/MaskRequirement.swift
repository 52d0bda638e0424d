import Support

/// The error for a defense that needs masks and data that have none.
public enum MaskRequirement {
  /// - Parameter data: the name of the data.
  public static func failure(_ data: String) -> Failure {
    .badData(
      "\(data) has no masks, and the defense needs one for every example",
      hint: "add an array 'masks' to the data: 1 where a feature must not matter, 0 elsewhere")
  }
}
