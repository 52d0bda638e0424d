import Foundation
import Support

/// How a model came to be, as its file tells.
public struct TrainingRecord: Codable, Equatable, Sendable {
  public var data: String
  public var dataFingerprint: String
  public var architecture: String
  /// The defense and its options, for example `labelSmoothing(alpha=0.1)`.
  public var defense: String
  public var optimizer: String
  public var batchSize: Int
  public var seed: UInt64
  public var epochs: Int
  public var crossfire: String
  public var libtorch: String
  public var device: String
  public var threads: Int
  public var trainingAccuracy: Double
  public var testAccuracy: Double?
  /// On the images held out, if any were.
  public var validationAccuracy: Double?
  /// The epoch whose weights these are, counted from 1.
  public var keptEpoch: Int?
  /// The digest of everything the weights depend on; a training with the same one need not be done
  /// again.
  public var request: String

  public init(
    data: String, dataFingerprint: String, architecture: String, defense: String, optimizer: String,
    batchSize: Int,
    seed: UInt64, epochs: Int, device: Device, trainingAccuracy: Double, request: String
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

/// A model as a file: tensors under PyTorch's names, and a description from which it loads without
/// the code that made it.
public struct ModelFile {
  public let network: Network
  public let training: TrainingRecord?

  private struct Header: Codable {
    let format: Int
    let model: NetworkDescription
    let training: TrainingRecord?
  }

  /// Reads a safetensors file with Crossfire's metadata, or with `layers` and `input`, or with
  /// neither.
  ///
  /// - Parameter assumed: what the network is if the file does not say.
  /// - Throws: `Failure` naming the file and what does not fit.
  public init(_ url: URL, assuming assumed: NetworkDescription? = nil, device: Device = .cpu) throws
  {
    let file = try SafetensorsFile(url)
    do {
      let header = try Self.header(of: file, assumed)
      network = try Network(header.model, tensors: file.tensors(), device: device)
      training = header.training
    } catch let failure as Failure {
      guard !failure.message.hasPrefix(url.path) else { throw failure }
      throw Failure(failure.kind, "\(url.path): \(failure.message)", hint: failure.hint)
    }
  }

  private static func header(of file: SafetensorsFile, _ assumed: NetworkDescription?) throws
    -> Header
  {
    if let text = file.metadata["crossfire"] {
      do {
        let header = try JSONDecoder().decode(Header.self, from: Data(text.utf8))
        guard header.format == 1 else {
          throw Failure.badData(
            "model format \(header.format); this version reads 1", hint: "use a newer crossfire")
        }
        return header
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure.badData(
          "its metadata 'crossfire' is not a model description: \(explanation(of: error))")
      }
    }
    guard let layers = file.metadata["layers"], let input = file.metadata["input"] else {
      if let assumed { return Header(format: 1, model: assumed, training: nil) }
      throw Failure.badData(
        "no description of the model in its metadata",
        hint:
          "name its --architecture, or give it metadata 'layers' (like [\"flatten\", \"linear 10\"]) and 'input' (1x28x28)"
      )
    }
    guard let texts = try? JSONDecoder().decode([String].self, from: Data(layers.utf8)),
      let shape = input.split(separator: " ").first.flatMap({ InputShape($0) })
    else {
      throw Failure.badData("its metadata 'layers' or 'input' cannot be read: \(layers), \(input)")
    }
    let list = try LayerList(texts)
    let classes = try list.shapes(from: shape.sizes).last?.first ?? 0
    guard (2...65_536).contains(classes) else {
      throw Failure.badData(
        "its layers end in \(classes) numbers; a classifier has 2 to 65536 classes")
    }
    let names = (0..<classes).map(String.init)
    return Header(
      format: 1, model: try NetworkDescription(input: shape, layers: list, classNames: names),
      training: nil)
  }

  /// Writes a network; the file appears whole or not at all.
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
  /// Whether the metadata tell what network the tensors belong to.
  package var describesModel: Bool {
    metadata["crossfire"] != nil || (metadata["layers"] != nil && metadata["input"] != nil)
  }
}

/// What an error of Swift's JSON decoder says, on one line.
public func explanation(of error: any Error) -> String {
  guard let error = error as? DecodingError else { return "\(error)" }
  return switch error {
  case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
  case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
    context.codingPath.map(\.stringValue).joined(separator: ".") + ": " + context.debugDescription
  @unknown default: "\(error)"
  }
}
