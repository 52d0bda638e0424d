import Datasets
import Foundation
import ModelCore
import Support

/// What a defense gets before training: the network, and a way to train other networks.
public struct Preparation {
  /// The network that is to be trained, with its initial weights.
  public let network: Network
  /// The training data.
  public let data: LabelledImages
  private let train: (_ role: String, _ defense: any Defense) throws -> Network

  /// - Parameter train: trains another network, as `trained` describes.
  public init(
    _ network: Network, data: LabelledImages,
    train: @escaping (_ role: String, _ defense: any Defense) throws -> Network
  ) {
    self.network = network
    self.data = data
    self.train = train
  }

  /// Another network of the same architecture, trained with a defense on the same data from its own
  /// random start, and stored under its role. If it exists already, it is not trained again.
  public func trained(_ role: String, _ defense: any Defense) throws -> Network {
    try train(role, defense)
  }
}

/// A network from a file that a training needs besides its own.
struct StoredNetwork: Sendable {
  let file: URL
  let fingerprint: String
  private let network: Network

  /// - Throws: `Failure`, which names the file and says what does not fit.
  init(_ file: URL) throws {
    self.file = file
    network = try ModelFile(file).network
    fingerprint = network.fingerprint
  }

  /// The network as a constant, on the device of the network in training.
  /// - Throws: `Failure.badData` if it takes other images or has other classes.
  func beside(_ trained: Network) throws -> Network {
    guard network.inputShape == trained.inputShape, network.classCount == trained.classCount,
      network.valueRange == trained.valueRange
    else {
      throw Failure.badData(
        "\(file.path): expected a model for inputs of \(trained.inputShape) in "
          + "\(trained.valueRange) and \(trained.classCount) classes, as the trained model has, "
          + "found \(network.inputShape) in \(network.valueRange) and "
          + "\(network.classCount) classes",
        hint: "use a model that was trained on the same kind of data")
    }
    let frozen = try network.frozen()
    let tensors = Dictionary(uniqueKeysWithValues: frozen.state().map { ($0.name, $0.tensor) })
    return try Network(frozen.description, tensors: tensors, device: trained.device, learns: false)
  }
}
