import ForeignModels
import ModelCore

/// A named model that takes part in an evaluation, in the form in which it is attacked and judged.
public struct Contestant: Sendable {
  public let name: String
  public let classifier: any Classifier
  /// The SHA-256 of what the model computes: its layers and its weights.
  public let fingerprint: String
  /// The network, if the model consists of Crossfire's layers; nil for programs and ensembles.
  public let network: Network?

  public init(
    name: String, classifier: any Classifier, fingerprint: String, network: Network? = nil
  ) {
    self.network = network
    self.name = name
    self.classifier = classifier
    self.fingerprint = fingerprint
  }

  /// A model that was read from a file.
  public init(name: String, _ model: LoadedModel) {
    self.init(
      name: name, classifier: model.classifier, fingerprint: model.fingerprint,
      network: model.network)
  }

  /// A network in its frozen form.
  public init(name: String, _ network: Network) throws {
    self.init(
      name: name, classifier: try network.frozen(), fingerprint: network.fingerprint,
      network: network)
  }
}
