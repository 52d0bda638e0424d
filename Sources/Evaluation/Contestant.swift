import ModelCore

/// A named model that takes part in an evaluation, in the form in which it is attacked and judged.
public struct Contestant: Sendable {
  public let name: String
  public let classifier: any Classifier
  /// The SHA-256 of what the model computes: its layers and its weights.
  public let fingerprint: String

  public init(name: String, classifier: any Classifier, fingerprint: String) {
    self.name = name
    self.classifier = classifier
    self.fingerprint = fingerprint
  }
}
