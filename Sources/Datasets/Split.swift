/// The two parts of a data set.
public enum Split: String, Sendable, CaseIterable, Codable {
  /// What models are trained on.
  case train
  /// What they are judged by; training never sees it.
  case test
}
