import Foundation
import Support

/// How a model was trained. Its file contains this record.
public struct TrainingRecord: Codable, Equatable, Sendable {
  /// The name of the training data.
  public var data: String
  public var dataFingerprint: String
  public var architecture: String
  /// The defense and its options, for example `label-smoothing(alpha=0.1)`.
  public var defense: String
  public var optimizer: String
  public var batchSize: Int
  public var seed: UInt64
  public var epochs: Int
  /// The versions of Crossfire and libtorch.
  public var crossfire: String
  public var libtorch: String
  public var device: String
  public var threads: Int
  /// The accuracy while training, in the last epoch, as a fraction; nil for a network that predicts no
  /// classes.
  public var trainingAccuracy: Double?
  /// The accuracy on the test images, if there were any.
  public var testAccuracy: Double?
  /// The accuracy on the held-out images, if there were any.
  public var validationAccuracy: Double?
  /// The accuracy under attack on the held-out images, if the training was watched by an attack.
  public var robustAccuracy: Double?
  /// The lowest accuracy in a group of the held-out images, if these have groups.
  public var validationWorstGroup: Double?
  /// What the user should know about the training, such as that the network has learned nothing;
  /// nil for nothing.
  public var notices: [String]?
  /// The epoch whose weights were kept, counted from 1.
  public var keptEpoch: Int?
  /// The digest of everything that the weights depend on. A training with the same digest gives the
  /// same weights, so that it need not be repeated.
  public var request: String

  public init(
    data: String, dataFingerprint: String, architecture: String, defense: String, optimizer: String,
    batchSize: Int,
    seed: UInt64, epochs: Int, device: Device, trainingAccuracy: Double?, request: String
  ) {
    self.data = data
    self.dataFingerprint = dataFingerprint
    self.architecture = architecture
    self.defense = defense
    self.optimizer = optimizer
    self.batchSize = batchSize
    self.seed = seed
    self.epochs = epochs
    crossfire = crossfireVersion
    libtorch = Engine.version
    self.device = device.description
    threads = Engine.threads
    self.trainingAccuracy = trainingAccuracy
    self.request = request
  }
}

/// A model in a safetensors file: tensors under PyTorch's names, and a description of the network
/// in the metadata, from which the model is restored.
///
///     try ModelFile.write(network, training: record, to: url)
///     let network = try ModelFile(url).network
public struct ModelFile {
  public let network: Network
  public let training: TrainingRecord?

  private struct Header: Codable {
    let format: Int
    let model: NetworkDescription
    let training: TrainingRecord?
  }

  /// Reads a safetensors file whose metadata describe the network: under the key `crossfire`, as
  /// `write` stores it, or under the keys `layers` and `input`.
  ///
  /// - Parameters:
  ///   - assumed: the description of the network if the metadata contain none.
  ///   - valueRange: the range of values that the network takes if only `layers` and `input`
  ///     describe it.
  /// - Throws: `Failure` that names the file and says what does not fit.
  public init(
    _ url: URL, assuming assumed: NetworkDescription? = nil,
    valueRange: ClosedRange<Double> = 0...1, device: Device = .cpu
  ) throws {
    let file = try SafetensorsFile(url)
    do {
      let header = try Self.header(of: file, assumed, valueRange)
      network = try Network(header.model, tensors: file.tensors(), device: device)
      training = header.training
    } catch let failure as Failure {
      guard !failure.message.hasPrefix(url.path) else { throw failure }
      throw Failure(failure.kind, "\(url.path): \(failure.message)", hint: failure.hint)
    }
  }

  private static func header(
    of file: SafetensorsFile, _ assumed: NetworkDescription?, _ valueRange: ClosedRange<Double>
  ) throws -> Header {
    if let text = file.metadata["crossfire"] { return try header(json: text) }
    guard let layers = file.metadata["layers"], let input = file.metadata["input"] else {
      if let assumed { return Header(format: 1, model: assumed, training: nil) }
      throw Failure.badData(
        "its metadata do not describe the model",
        hint: "give its architecture, or add the metadata 'layers' (like [\"flatten\", "
          + "\"linear 10\"]) and 'input' (like 1x28x28)")
    }
    guard let texts = try? JSONDecoder().decode([String].self, from: Data(layers.utf8)),
      let shape = input.split(separator: " ").first.flatMap({ InputShape($0) })
    else {
      throw Failure.badData(
        "its metadata 'layers' or 'input' are invalid: expected a list like [\"flatten\", "
          + "\"linear 10\"] and a shape like 1x28x28 or 4, found \(layers.prefix(200)) and "
          + "\(input.prefix(40))")
    }
    let list = try LayerList(texts)
    let classes = try list.shapes(from: shape.sizes).last?.first ?? 0
    guard (2...65_536).contains(classes) else {
      throw Failure.badData(
        "its layers give \(classes) numbers, expected one for each of 2 to 65536 classes")
    }
    let names = (0..<classes).map(String.init)
    return Header(
      format: 1,
      model: try NetworkDescription(
        input: shape, layers: list, classNames: names, valueRange: valueRange), training: nil)
  }

  private static func header(json text: String) throws -> Header {
    do {
      let header = try JSONDecoder().decode(Header.self, from: Data(text.utf8))
      guard header.format == 1 else {
        throw Failure.badData(
          "the model has format \(header.format), expected 1",
          hint: "the file may be of a newer version of Crossfire: update this one")
      }
      return header
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure.badData(
        "its metadata 'crossfire' do not describe a model: \(explanation(of: error))")
    }
  }

  /// Writes a network. The file is complete or, if writing fails, unchanged.
  public static func write(_ network: Network, training: TrainingRecord?, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let header = try encoder.encode(
      Header(format: 1, model: network.description, training: training))
    let metadata = ["crossfire": String(decoding: header, as: UTF8.self), "format": "pt"]
    try SafetensorsFile.write(network.state(), metadata: metadata, to: url)
  }
}

extension SafetensorsFile {
  /// Whether the metadata describe the network that the tensors belong to.
  package var describesModel: Bool {
    metadata["crossfire"] != nil || (metadata["layers"] != nil && metadata["input"] != nil)
  }
}

/// The reason of an error of Swift's JSON decoder, on one line.
public func explanation(of error: any Error) -> String {
  guard let error = error as? DecodingError else { return "\(error)" }
  return switch error {
  case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
  case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
    context.codingPath.map(\.stringValue).joined(separator: ".") + ": " + context.debugDescription
  @unknown default: "\(error)"
  }
}
