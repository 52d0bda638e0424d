/// The two splits of a data set.
public enum Split: String, Sendable, CaseIterable, Codable {
  /// The training set.
  case train
  /// The test set, which training never uses.
  case test
}
