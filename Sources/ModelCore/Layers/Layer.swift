import Support

/// One layer of a network: a value that describes the layer's settings, its parameters and its
/// computation. The parameters themselves belong to the `Network`.
///
/// To add a layer, write a file with a type that conforms, add a line to `LayerRegistry.kinds`, and
/// add a row to the table of layers in docs/file-formats.md.
public protocol Layer: Sendable {
  /// The first word of the layer's text, such as `conv`.
  static var keyword: String { get }

  /// Reads the words after the keyword.
  /// - Throws: `Failure.badData` that says which word is wrong or missing.
  init(_ words: inout LayerWords) throws

  /// The layer as text, such as `conv 32 kernel 5 padding 2`. Reading it gives an equal layer.
  var text: String { get }

  /// The shape of the output for one input: `[C, H, W]` for a picture, `[D]` for a row of numbers.
  /// - Throws: `Failure.badData` if the layer cannot take an input of this shape.
  func outputShape(of input: [Int]) throws -> [Int]

  /// The tensors that the layer needs for inputs of a shape, under PyTorch's names.
  func parameters(for input: [Int]) -> [ParameterDescription]

  /// Computes the outputs for a batch: x `[N] + input shape` → `[N] + output shape`.
  func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor

  /// Bounds of the outputs for inputs within bounds. See `Bounds`.
  /// - Throws: `Failure.badData` that names the layer, if it has no bounds.
  func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds

  /// The layer as a step between linear functions. See `Relaxation`.
  /// - Throws: `Failure.badData` that names the layer, if it has no bounds.
  func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue

  /// The contributions of chosen inputs to the outputs. See `Contributions`.
  /// - Throws: `Failure.badData` that names the layer, if it has no rule for contextual
  ///   decomposition.
  func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions
}

extension Layer {
  public func parameters(for input: [Int]) -> [ParameterDescription] { [] }

  /// Whether the layer has weights, and not only statistics, scales or biases, for inputs of a
  /// shape.
  package func hasWeightMatrix(for input: [Int]) -> Bool {
    parameters(for: input).contains { $0.shape.count > 1 }
  }
}

/// A tensor that a layer needs: its name, its shape, and what it is for.
public struct ParameterDescription: Sendable {
  public enum Role: Sendable {
    /// Learned. Starts with random numbers whose spread follows from how many inputs and outputs
    /// each unit has.
    case weight(inputs: Int, outputs: Int)
    /// Learned. Starts with zeros, or with random numbers whose spread follows from how many inputs
    /// each unit has.
    case bias(inputs: Int)
    /// Learned. Starts with this number in all elements.
    case constant(Double)
    /// A running statistic: part of the model, but not learned. Starts with this number.
    case statistic(Double)
    /// A counter of training steps: part of the model, but not learned. Starts at 0.
    case counter
  }

  public let name: String
  public let shape: [Int]
  public let role: Role

  public init(_ name: String, _ shape: [Int], _ role: Role) {
    self.name = name
    self.shape = shape
    self.role = role
  }

  /// The type of its elements.
  public var type: Tensor.ElementType {
    if case .counter = role { .int64 } else { .float32 }
  }

  public var isLearned: Bool {
    switch role {
    case .weight, .bias, .constant: true
    case .statistic, .counter: false
    }
  }
}

/// The tensors of one layer by name.
public struct LayerParameters {
  /// The tensors of the whole network.
  let tensors: [String: Tensor]
  /// What precedes the names of this layer's tensors, such as `3.body.0.`.
  let prefix: String
  /// Where batch normalisations note their batches, or read those of an earlier pass; nil for
  /// nowhere.
  private let batches: NormalizedBatches?

  init(tensors: [String: Tensor], prefix: String = "", batches: NormalizedBatches? = nil) {
    self.tensors = tensors
    self.prefix = prefix
    self.batches = batches
  }

  /// The tensor with a name that the layer declared in `parameters(for:)`.
  public subscript(_ name: String) -> Tensor {
    guard let tensor = tensors[prefix + name] else {
      preconditionFailure("no parameter \(prefix + name)")
    }
    return tensor
  }

  /// The tensors of a layer inside this one.
  func part(_ name: String) -> LayerParameters {
    LayerParameters(tensors: tensors, prefix: prefix + name + ".", batches: batches)
  }

  /// The batch that this layer normalised in a pass that recorded it; nil if there is none.
  var recordedBatch: Tensor? { batches?.inputs[prefix] }

  /// Notes the batch that this layer normalises, if the pass records batches.
  func record(batch: Tensor) { batches?.inputs[prefix] = batch }
}

/// The inputs of all batch normalisations of a network in one pass with batch statistics. Interval
/// bounds take the statistics of the same batch from here:
///
///     let batches = NormalizedBatches()
///     let logits = network.forward(images, pass, recording: batches)
///     let bounds = try network.bounds(box, pass, batches: batches)
public final class NormalizedBatches {
  /// The inputs by the prefix of the layer's tensors.
  fileprivate var inputs: [String: Tensor] = [:]

  public init() {}
}

/// How layers behave in one pass: as in training or as in evaluation. It is an argument of every
/// pass, and never a state of the network.
public struct Pass: Sendable {
  /// The seed from which dropout derives its masks; nil if dropout does nothing. Passes with the
  /// same seed have the same masks.
  public let dropout: Seed?
  /// Whether batch normalisation uses the statistics of the batch, and not the running ones.
  public let usesBatchStatistics: Bool
  /// Whether batch normalisation updates its running statistics with those of the batch.
  public let updatesStatistics: Bool
  /// The random changes of features; nil for none.
  public var erosion: Erosion?

  /// Dropout does nothing, batch normalisation uses its running statistics.
  public static let evaluation = Pass(
    dropout: nil, usesBatchStatistics: false, updatesStatistics: false)

  /// Evaluation, in which features are changed at random.
  public static func evaluation(eroding erosion: Erosion) -> Pass {
    var pass = evaluation
    pass.erosion = erosion
    return pass
  }

  /// Dropout derives its masks from a seed, or does nothing if the seed is nil. Batch normalisation
  /// uses the statistics of the batch.
  public static func training(dropout: Seed?, updatesStatistics: Bool = true) -> Pass {
    Pass(dropout: dropout, usesBatchStatistics: true, updatesStatistics: updatesStatistics)
  }

  /// The same behaviour without a change to the network: running statistics stay as they are.
  public var withoutUpdates: Pass {
    Pass(
      dropout: dropout, usesBatchStatistics: usesBatchStatistics, updatesStatistics: false,
      erosion: erosion)
  }

  /// The same behaviour with other dropout masks. Each purpose has masks of its own.
  public func purpose(_ name: String) -> Pass {
    Pass(
      dropout: dropout?.derive(name), usesBatchStatistics: usesBatchStatistics,
      updatesStatistics: updatesStatistics, erosion: erosion)
  }
}
