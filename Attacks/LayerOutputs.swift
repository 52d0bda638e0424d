import ModelCore

/// The outputs of a layer of a classifier, flattened to `[N, D]`, in place of its logits: the part
/// of a network before a level.
///
/// Level k is what the layer with weights number k + 1 receives. Layers without weight matrices,
/// such as batch normalisations, do not count, so that a network and its frozen form have the same
/// levels. Of a classifier that is not a network, the outputs are the logits.
struct LayerOutputs: Classifier {
  private let classifier: any Classifier
  /// The part that computes the outputs.
  private let part: any Classifier

  /// - Parameter level: from 1 to `levels`; nil for the level in the middle.
  init(of classifier: any Classifier, at level: Int?) {
    self.classifier = classifier
    guard let network = Network.inside(classifier), Self.levels(of: network) > 0 else {
      part = classifier
      return
    }
    let weighted = Self.weighted(network)
    part = Beginning(
      network: network, layers: 0..<weighted[min(level ?? weighted.count / 2, weighted.count - 1)])
  }

  /// The number of levels; 0 if the classifier is not a network, or has only one layer with
  /// weights.
  static func levels(of classifier: any Classifier) -> Int {
    Network.inside(classifier).map { max(0, weighted($0).count - 1) } ?? 0
  }

  /// The places of the layers that have weight matrices.
  private static func weighted(_ network: Network) -> [Int] {
    let layers = network.description.layers
    guard let shapes = try? layers.shapes(from: network.inputShape.sizes) else { return [] }
    return layers.layers.indices.filter { place in
      layers.layers[place].hasWeightMatrix(for: shapes[place])
    }
  }

  var inputShape: InputShape { classifier.inputShape }
  var classCount: Int { classifier.classCount }
  var valueRange: ClosedRange<Double> { classifier.valueRange }
  var device: Device { classifier.device }

  func logits(_ images: Tensor) -> Tensor {
    if part is Beginning, let counter = classifier as? QueryCounter {
      return counter.counted(images, by: part)
    }
    return part.logits(images)
  }
}

/// The first layers of a network.
private struct Beginning: Classifier {
  let network: Network
  let layers: Range<Int>

  var inputShape: InputShape { network.inputShape }
  var classCount: Int { network.classCount }
  var valueRange: ClosedRange<Double> { network.valueRange }
  var device: Device { network.device }

  func logits(_ images: Tensor) -> Tensor {
    network.forward(images, .evaluation, layers: layers).flattened
  }
}
