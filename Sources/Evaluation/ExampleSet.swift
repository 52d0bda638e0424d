import Datasets
import Foundation
import ModelCore
import Support

/// Adversarial examples of one attack on one source, for one or more budgets, as a file holds them.
///
/// Tensors: `original` and `adversarial` (for a sweep `adversarial.<epsilon>`) float32 `[N, C, H,
/// W]`, `label`, `target` (−1: none) and `index` int64 `[N]`; what the source made of each,
/// `predicted` int64 and `confidence` float32 `[budgets, N]`. Metadata `crossfire`: JSON of
/// `Origin`.
public struct ExampleSet: Sendable {
  /// Where examples came from.
  public struct Origin: Codable, Equatable, Sendable {
    public var format = 1
    public var data: String
    public var classNames: [String]
    public var valueRange: ClosedRange<Double>
    /// The name of the model they were made on.
    public var source: String
    /// The fingerprint of that model.
    public var sourceFingerprint: String
    public var attack: String
    public var norm: String
    public var parameters: [String: String]
    public var epsilons: [Double]
    public var seed: UInt64
    public var crossfire = crossfireVersion

    public init(
      data: String, classNames: [String], valueRange: ClosedRange<Double>, source: String,
      sourceFingerprint: String,
      attack: String, norm: String, parameters: [String: String], epsilons: [Double], seed: UInt64
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
    }
  }

  public let origin: Origin
  public let original: Tensor
  /// One tensor per budget of `origin.epsilons`.
  public let adversarial: [Tensor]
  public let label: Tensor
  public let target: Tensor
  public let index: Tensor
  /// The class the source gave each example, int64 `[budgets, N]`, and the probability it gave that
  /// class.
  public let predicted: Tensor
  public let confidence: Tensor

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

  /// Reads a file and checks every tensor against the others.
  public init(_ url: URL) throws {
    let file = try SafetensorsFile(url)
    func wrong(_ reason: String) -> Failure {
      .badData("\(url.path) is not an example set: \(reason)")
    }
    guard let text = file.metadata["crossfire"] else {
      throw wrong("it has no metadata 'crossfire'")
    }
    do {
      origin = try JSONDecoder().decode(Origin.self, from: Data(text.utf8))
    } catch {
      throw wrong("its metadata cannot be read: \(explanation(of: error))")
    }
    guard origin.format == 1 else { throw wrong("format \(origin.format), expected 1") }
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
        "original and adversarial images must be float32 [N, C, H, W] or [N, D], of one shape")
    }
    guard [label, target, index].allSatisfy({ $0.shape == [shape[0]] && $0.type == .int64 }) else {
      throw wrong("label, target and index must be int64, one per image")
    }
    guard predicted.shape == judged, predicted.type == .int64, confidence.shape == judged,
      confidence.type == .float32
    else {
      throw wrong("predicted must be int64 and confidence float32, [budgets, N]")
    }
    let classes = Double(origin.classNames.count)
    guard label.min().scalar >= 0, label.max().scalar < classes, target.min().scalar >= -1,
      target.max().scalar < classes
    else { throw wrong("a label or target is none of its \(origin.classNames.count) classes") }
    guard ([original] + adversarial).allSatisfy({ $0.isFinite.all().isTrue }) else {
      throw wrong("a pixel is not a number")
    }
  }

  /// Writes the set; the file appears whole or not at all.
  public func write(to url: URL) throws {
    try SafetensorsFile.write(
      tensors, metadata: ["crossfire": String(decoding: try description, as: UTF8.self)], to: url)
  }

  /// Writes the set as NumPy's `.npz` with the same names; the metadata are the bytes of the array
  /// `crossfire`.
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
