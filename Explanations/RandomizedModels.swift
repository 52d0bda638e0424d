import ModelCore
import Support

/// A network with random weights in place of its last layer, or of all its layers. An explanation
/// that stays the same for these networks does not depend on what the model has learned.
///
/// Source: J. Adebayo et al., "Sanity checks for saliency maps" (2018).
public struct RandomizedModels: Sendable {
  /// The network with new weights in its last layer that has any.
  public let lastLayer: any Classifier
  /// The network with new weights in all layers.
  public let allLayers: any Classifier

  /// - Parameter seed: what the new weights derive from.
  public init(_ network: Network, seed: Seed) throws {
    let random = try Network(
      network.description, initialization: .torchDefault, seed: seed, device: network.device)
    allLayers = try random.frozen()
    let last = network.learnedNames.last?.split(separator: ".").dropLast().joined(separator: ".")
    let drawn = Dictionary(uniqueKeysWithValues: random.state().map { ($0.name, $0.tensor) })
    let mixed = network.state().map { name, tensor in
      let layer = name.split(separator: ".").dropLast().joined(separator: ".")
      return (name, layer == last ? drawn[name] ?? tensor : tensor)
    }
    lastLayer = try Network(
      network.description, tensors: Dictionary(uniqueKeysWithValues: mixed), device: network.device
    ).frozen()
  }
}
