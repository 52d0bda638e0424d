import Datasets
import Foundation
import ModelCore
import Support

/// What a defense is told before training begins, and what it may ask for.
public struct Preparation {
  /// The network that is to be trained, as it starts.
  public let network: Network
  /// What it is trained on.
  public let data: LabelledImages
  private let train: (_ role: String, _ defense: any Defense) throws -> Network

  /// - Parameter train: trains another network, as `trained` promises.
  public init(
    _ network: Network, data: LabelledImages,
    train: @escaping (_ role: String, _ defense: any Defense) throws -> Network
  ) {
    self.network = network
    self.data = data
    self.train = train
  }

  /// Another network of the same architecture, trained with a defense on the same data from a fresh
  /// start of its own, and kept under its role. One that is there already is not trained again.
  public func trained(_ role: String, _ defense: any Defense) throws -> Network {
    try train(role, defense)
  }
}

/// A network in a file that a training needs beside its own.
struct StoredNetwork: Sendable {
  let file: URL
  let fingerprint: String
  private let network: Network

  /// - Throws: `Failure` naming the file and what does not fit.
  init(_ file: URL) throws {
    self.file = file
    network = try ModelFile(file).network
    fingerprint = network.fingerprint
  }

  /// The network where the trained one computes, as a constant.
  /// - Throws: `Failure.badData` if it takes other images, or knows other classes.
  func beside(_ trained: Network) throws -> Network {
    guard network.inputShape == trained.inputShape, network.classCount == trained.classCount,
      network.valueRange == trained.valueRange
    else {
      throw Failure.badData(
        "\(file.path) takes images of \(network.inputShape) in \(network.valueRange) and knows \(network.classCount) "
          + "classes; the trained model takes \(trained.inputShape) in \(trained.valueRange) and knows "
          + "\(trained.classCount)",
        hint: "use a model that was trained on the same kind of data")
    }
    let frozen = try network.frozen()
    let tensors = Dictionary(uniqueKeysWithValues: frozen.state().map { ($0.name, $0.tensor) })
    return try Network(frozen.description, tensors: tensors, device: trained.device, learns: false)
  }
}
