import Datasets
import Foundation
import ModelCore
import Support

/// The N adversarial examples of one attack on one source model, for one or more budgets.
///
/// A file holds them as a safetensors file. The tensors have the names of the properties below;
/// with several budgets, `adversarial.<epsilon>` has the images of each. The metadata `crossfire`
/// holds `Origin` as JSON.
public struct ExampleSet: Sendable {
  /// How the examples were made.
  public struct Origin: Codable, Equatable, Sendable {
    public var format = 1
    public var data: String
    public var classNames: [String]
    public var valueRange: ClosedRange<Double>
    /// The name of the source model.
    public var source: String
    /// The SHA-256 of what the source model computes, in hexadecimal.
    public var sourceFingerprint: String
    public var attack: String
    public var norm: String
    public var parameters: [String: String]
    public var epsilons: [Double]
    public var seed: UInt64
    /// The digest of everything that the examples depend on; nil in files of earlier
    /// versions.
    public var request: String?
    public var crossfire = crossfireVersion

    public init(
      data: String, classNames: [String], valueRange: ClosedRange<Double>, source: String,
      sourceFingerprint: String,
      attack: String, norm: String, parameters: [String: String], epsilons: [Double], seed: UInt64,
      request: String? = nil
    ) {
      self.data = data
      self.classNames = classNames
      self.valueRange = valueRange
      self.source = source
      self.sourceFingerprint = sourceFingerprint
      self.attack = attack
      self.norm = norm
      self.parameters = parameters
      self.epsilons = epsilons
      self.seed = seed
      self.request = request
    }
  }

  public let origin: Origin
  /// The unchanged image of each example, float32 `[N, C, H, W]` or `[N, D]`.
  public let original: Tensor
  /// The adversarial images for each budget of `origin.epsilons`, in the shape of `original`.
  public let adversarial: [Tensor]
  /// The true labels, int64 `[N]`.
  public let label: Tensor
  /// The target classes, int64 `[N]`; −1 for an untargeted attack.
  public let target: Tensor
  /// The index of each example's image in the data set, int64 `[N]`.
  public let index: Tensor
  /// The class that the source model predicts for each example, int64 `[budgets, N]`.
  public let predicted: Tensor
  /// The probability that the source model gives that class, float32 `[budgets, N]`.
  public let confidence: Tensor

  /// The number of examples, N.
  public var count: Int { label.shape[0] }

  public init(
    origin: Origin, original: Tensor, adversarial: [Tensor], label: Tensor, target: Tensor,
    index: Tensor,
    predicted: Tensor, confidence: Tensor
  ) {
    self.origin = origin
    self.original = original
    self.adversarial = adversarial
    self.label = label
    self.target = target
    self.index = index
    self.predicted = predicted
    self.confidence = confidence
  }

  /// Reads a file and checks that its tensors fit each other.
  /// - Throws: `Failure.badData` with the path and what is wrong.
  public init(_ url: URL) throws {
    let file = try SafetensorsFile(url)
    func wrong(_ reason: String) -> Failure {
      .badData("\(url.path) is not a file of adversarial examples: \(reason)")
    }
    guard let text = file.metadata["crossfire"] else {
      throw wrong("it has no metadata 'crossfire'")
    }
    do {
      origin = try JSONDecoder().decode(Origin.self, from: Data(text.utf8))
    } catch {
      throw wrong("its metadata 'crossfire' cannot be read: \(explanation(of: error))")
    }
    guard origin.format == 1 else {
      throw wrong("expected format 1, found format \(origin.format)")
    }
    original = try file.tensor("original")
    label = try file.tensor("label")
    target = try file.tensor("target")
    index = try file.tensor("index")
    adversarial = try Self.names(origin.epsilons).map(file.tensor)
    let shape = original.shape
    let judged = [origin.epsilons.count, shape.first ?? 0]
    predicted = try file.tensor("predicted")
    confidence = try file.tensor("confidence")
    guard shape.count == 4 || shape.count == 2, shape.allSatisfy({ $0 > 0 }),
      adversarial.allSatisfy({ $0.shape == shape }),
      ([original] + adversarial).allSatisfy({ $0.type == .float32 })
    else {
      throw wrong(
        "original and adversarial images must be float32 [N, C, H, W] or [N, D], all of one shape")
    }
    guard [label, target, index].allSatisfy({ $0.shape == [shape[0]] && $0.type == .int64 }) else {
      throw wrong("label, target and index must be int64 [N]")
    }
    guard predicted.shape == judged, predicted.type == .int64, confidence.shape == judged,
      confidence.type == .float32
    else {
      throw wrong("predicted must be int64 and confidence float32, [budgets, N]")
    }
    let classes = Double(origin.classNames.count)
    guard label.min().scalar >= 0, label.max().scalar < classes, target.min().scalar >= -1,
      target.max().scalar < classes
    else {
      throw wrong(
        "labels must be from 0 to \(origin.classNames.count - 1), and targets from -1")
    }
    guard ([original] + adversarial).allSatisfy({ $0.isFinite.all().isTrue }) else {
      throw wrong("a pixel is infinite or not a number (NaN)")
    }
  }

  /// The digest of the request that a file of examples answers; nil if it is no such file or does
  /// not say.
  public static func request(of url: URL) -> String? { description(of: url)?.origin.request }

  /// How the examples of a file were made, and their number, of which only the header is read; nil if
  /// it is no such file.
  static func description(of url: URL) -> (origin: Origin, count: Int)? {
    guard let file = try? SafetensorsFile(url), let text = file.metadata["crossfire"],
      let origin = try? JSONDecoder().decode(Origin.self, from: Data(text.utf8)),
      let count = file.shape("label")?.first
    else { return nil }
    return (origin, count)
  }

  /// Writes the set as a safetensors file, which appears whole or not at all.
  public func write(to url: URL) throws {
    try SafetensorsFile.write(
      tensors, metadata: ["crossfire": String(decoding: try description, as: UTF8.self)], to: url)
  }

  /// Writes the set as a NumPy archive (`.npz`) of arrays with the same names. The array
  /// `crossfire` holds the bytes of the metadata.
  public func writeNPZ(to url: URL) throws {
    let text = [UInt8](try description)
    try NPZWriter.write(tensors + [("crossfire", Tensor(text, shape: [text.count]))], to: url)
  }

  /// The metadata as JSON.
  private var description: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(origin)
    }
  }

  private var tensors: [(name: String, tensor: Tensor)] {
    var tensors = [(name: "original", tensor: original)]
    for (name, tensor) in zip(Self.names(origin.epsilons), adversarial) {
      tensors.append((name, tensor))
    }
    tensors += [
      ("label", label), ("target", target), ("index", index), ("predicted", predicted),
      ("confidence", confidence),
    ]
    return tensors
  }

  private static func names(_ epsilons: [Double]) -> [String] {
    epsilons.count == 1 ? ["adversarial"] : epsilons.map { "adversarial.\($0.plainDecimal)" }
  }
}
