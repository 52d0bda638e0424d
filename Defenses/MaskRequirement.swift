import Support

/// What is said when a defense needs masks and the data have none.
public enum MaskRequirement {
  /// - Parameter data: what the data are called.
  public static func failure(_ data: String) -> Failure {
    .badData(
      "\(data) has no masks, and the defense needs one for every example",
      hint: "add an array 'masks' to the data: 1 where a feature must not matter, 0 elsewhere")
  }
}
