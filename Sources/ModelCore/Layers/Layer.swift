import Support

/// One layer of a network: a value that knows its text, its parameters and its computation, and
/// holds no numbers itself.
///
/// A new layer is one file with a type that conforms, and one line in `LayerRegistry`.
public protocol Layer: Sendable {
  /// The word its text begins with, such as `conv`.
  static var keyword: String { get }

  /// Reads the words after the keyword; throws what was wrong with them.
  init(_ words: inout LayerWords) throws

  /// The layer as text, from which `init` makes an equal one: `conv 32 kernel 5 padding 2`.
  var text: String { get }

  /// The shape of one output for one input: `[C, H, W]` or `[D]`. Throws a `Failure` that says what
  /// does not fit.
  func outputShape(of input: [Int]) throws -> [Int]

  /// The tensors it needs for inputs of a shape, under PyTorch's names.
  func parameters(for input: [Int]) -> [ParameterDescription]

  /// x `[N] + input shape` → `[N] + output shape`.
  func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor
}

extension Layer {
  public func parameters(for input: [Int]) -> [ParameterDescription] { [] }
}

/// What happens to a tensor of a layer.
public struct ParameterDescription: Sendable {
  public enum Role: Sendable {
    /// Learned; starts random with the given number of inputs and outputs of each unit, or
    /// constant.
    case weight(inputs: Int, outputs: Int)
    case constant(Double)
    /// Not learned, but part of the model: running statistics and counters.
    case statistic(Double)
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

  /// What its numbers are kept as.
  public var type: Tensor.ElementType {
    if case .counter = role { .int64 } else { .float32 }
  }

  public var isLearned: Bool {
    switch role {
    case .weight, .constant: true
    case .statistic, .counter: false
    }
  }
}

/// The tensors of one layer by name; nested layers add a prefix.
public struct LayerParameters {
  let tensors: [String: Tensor]
  let prefix: String

  /// The tensor with this name, which the layer declared in `parameters(for:)`.
  public subscript(_ name: String) -> Tensor {
    guard let tensor = tensors[prefix + name] else {
      preconditionFailure("no parameter \(prefix + name)")
    }
    return tensor
  }

  /// The tensors of a part of this layer.
  func part(_ name: String) -> LayerParameters {
    LayerParameters(tensors: tensors, prefix: prefix + name + ".")
  }
}

/// Whether a network learns or judges, as an argument of every pass and never as a state of the
/// network.
public struct Pass: Sendable {
  /// The seed that dropout's masks derive from; nil: dropout does nothing. Passes with the same seed
  /// have the same masks.
  public let dropout: Seed?
  /// Whether batch normalisation uses the statistics of the batch, and not the running ones.
  public let usesBatchStatistics: Bool
  /// Whether batch normalisation moves its running statistics towards those of the batch.
  public let updatesStatistics: Bool

  /// Dropout does nothing, batch normalisation uses its running statistics.
  public static let evaluation = Pass(
    dropout: nil, usesBatchStatistics: false, updatesStatistics: false)

  /// Dropout's masks derive from a seed (nil: it does nothing), batch normalisation uses the batch.
  public static func training(dropout: Seed?, updatesStatistics: Bool = true) -> Pass {
    Pass(dropout: dropout, usesBatchStatistics: true, updatesStatistics: updatesStatistics)
  }

  /// The same behaviour without a change to the network: running statistics stay.
  public var withoutUpdates: Pass {
    Pass(dropout: dropout, usesBatchStatistics: usesBatchStatistics, updatesStatistics: false)
  }

  /// The same behaviour with the dropout masks of a purpose, which no other purpose has.
  public func purpose(_ name: String) -> Pass {
    Pass(
      dropout: dropout?.derive(name), usesBatchStatistics: usesBatchStatistics,
      updatesStatistics: updatesStatistics)
  }
}
