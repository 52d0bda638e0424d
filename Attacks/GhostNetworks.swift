import ModelCore
import Support

/// Ghost networks: each gradient is that of a randomly changed copy of the attacked network.
///
/// A network with residual blocks is changed in its shortcuts, body(x) + λ·shortcut(x) with λ
/// uniform in [1 − Λ, 1 + Λ) for each block. Any other network is changed by dropout of the inputs
/// of each layer with weights but the first (`Erosion`). Each step of an attack thus follows
/// another network of nearly the same accuracy, as if many models were attacked in turn, and the
/// examples transfer better to other models. It costs no more than the attack without it.
///
/// The layers must be known: a program from another library and an ensemble are refused. Source: Y.
/// Li et al., "Learning Transferable Adversarial Examples via Ghost Networks" (2020). Λ = 0.16 and
/// the dropout of 0.006 are the values that the library TransferAttack uses for their ResNet-101
/// and Inception-v3; smaller networks may need larger ones.
public struct GhostNetworks: GradientView {
  public static let name = "ghost"
  public static let needsLayers = true
  /// The probability with which an input of a layer is dropped, in a network without residual
  /// blocks.
  public let dropout: Double
  /// Λ, the largest change of a shortcut.
  public let shortcut: Double

  public init() { self.init(dropout: 0.006) }

  public init(dropout: Double, shortcut: Double = 0.16) {
    self.dropout = dropout
    self.shortcut = shortcut
  }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    inner
  }

  public func altered(_ classifier: any Classifier, _ draws: ExampleDraws) -> any Classifier {
    guard let network = Network.inside(classifier) else { return classifier }
    let isResidual = network.description.layers.layers.contains { $0 is Residual }
    let erosion = Erosion(
      dropout: isResidual ? 0 : dropout, shortcut: isResidual ? shortcut : 0,
      draws: draws.purpose("ghost"))
    return GhostNetwork(classifier: classifier, network: network, erosion: erosion)
  }
}

/// A network in which features are changed at random, counted as the classifier that it stands for.
private struct GhostNetwork: Classifier {
  let classifier: any Classifier
  let network: Network
  let erosion: Erosion

  var inputShape: InputShape { network.inputShape }
  var classCount: Int { network.classCount }
  var valueRange: ClosedRange<Double> { network.valueRange }
  var device: Device { network.device }

  func logits(_ images: Tensor) -> Tensor {
    let part = network.behaving(.evaluation(eroding: erosion))
    guard let counter = classifier as? QueryCounter else { return part.logits(images) }
    return counter.counted(images, by: part)
  }
}

extension Network {
  /// The network that a classifier is, without what counts its passes or takes their mean; nil for
  /// a classifier whose layers are not known.
  static func inside(_ classifier: any Classifier) -> Network? {
    switch classifier {
    case let counter as QueryCounter: inside(counter.classifier)
    case let mean as MeanLogits: inside(mean.classifier)
    default: classifier as? Network
    }
  }
}

extension GradientView {
  /// Checks that the view can be used with a classifier.
  /// - Throws: `Failure.usage` if the view changes layers, and the classifier's are not known.
  static func check(against classifier: any Classifier) throws {
    guard needsLayers, Network.inside(classifier) == nil else { return }
    throw Failure.usage(
      "the view \(name) changes layers of the model, and the layers of this model are not known",
      hint: "use it with a network of Crossfire's own layers, or leave it out")
  }
}
