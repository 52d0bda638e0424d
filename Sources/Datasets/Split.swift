/// The splits of a data set.
public enum Split: String, Sendable, CaseIterable, Codable {
  /// The training set.
  case train
  /// Images on which choices are made, such as that of a defense's strength. Most data sets have no
  /// such split of their own; a training can hold out training images in its place.
  case validation
  /// The test set, which neither training nor choices use.
  case test
}
