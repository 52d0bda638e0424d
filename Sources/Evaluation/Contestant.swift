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
  /// Whether the model comes from elsewhere and no normalisation of its input is known, though it may
  /// need one.
  let mayLackNormalization: Bool

  public init(
    name: String, classifier: any Classifier, fingerprint: String, network: Network? = nil,
    mayLackNormalization: Bool = false
  ) {
    self.network = network
    self.mayLackNormalization = mayLackNormalization
    self.name = name
    self.classifier = classifier
    self.fingerprint = fingerprint
  }

  /// A model that was read from a file.
  public init(name: String, _ model: LoadedModel) {
    self.init(
      name: name, classifier: model.classifier, fingerprint: model.fingerprint,
      network: model.network,
      mayLackNormalization: model.training == nil && !Self.normalizes(model))
  }

  /// Whether a layer of the model, or one before it, normalises the images.
  private static func normalizes(_ model: LoadedModel) -> Bool {
    let layers = model.network?.description.layers ?? (model.classifier as? ForeignModel)?.before
    return layers?.layers.contains {
      $0 is Normalize || $0 is StoredNormalization || $0 is Standardize
    } ?? false
  }

  /// A network in its frozen form.
  public init(name: String, _ network: Network) throws {
    self.init(
      name: name, classifier: try network.frozen(), fingerprint: network.fingerprint,
      network: network)
  }
}
