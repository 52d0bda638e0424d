import Support

/// A trainable network: a description of its layers, and their tensors. It is also a classifier.
///
/// Only the tensors change, and only in training: an optimizer changes the learned ones, and batch
/// normalisation in training updates its running statistics.
public final class Network: Classifier, @unchecked Sendable {
  public let description: NetworkDescription
  public let device: Device
  /// The names of all tensors in the order of the layers, as in PyTorch's `state_dict`.
  public let names: [String]
  /// The names of the learned tensors, in the same order.
  public let learnedNames: [String]
  private let tensors: [String: Tensor]

  public var inputShape: InputShape { description.input }
  public var classCount: Int { description.classNames.count }
  public var valueRange: ClosedRange<Double> { description.valueRange }

  /// A network with copies of the given tensors.
  /// - Parameter learns: whether gradients can be taken with respect to the learned tensors.
  /// - Throws: `Failure.badData` if a tensor is missing, belongs to no layer, or has another type
  ///   or shape than its layer needs.
  public init(
    _ description: NetworkDescription, tensors: [String: Tensor], device: Device = .cpu,
    learns: Bool = true
  ) throws {
    let needed = try description.parameters()
    try Self.check(tensors, against: needed)
    self.description = description
    self.device = device
    names = needed.map(\.name)
    learnedNames = needed.filter(\.isLearned).map(\.name)
    self.tensors = needed.reduce(into: [:]) { placed, parameter in
      let tensor = tensors[parameter.name] ?? parameter.start(.xavierUniform, RandomSource(Seed(0)))
      let copy = tensor.copy().to(parameter.type).to(device).channelsLast
      placed[parameter.name] = learns && parameter.isLearned ? copy.tracked : copy
    }
  }

  /// A new network with random weights from `seed`.
  /// - Throws: `Failure.badData` if a layer cannot take the output of the one before it.
  public convenience init(
    _ description: NetworkDescription, initialization: Initialization, seed: Seed,
    device: Device = .cpu
  ) throws {
    let random = RandomSource(seed)
    let needed = try description.parameters()
    let start = needed.map { ($0.name, $0.start(initialization, random)) }
    try self.init(description, tensors: Dictionary(uniqueKeysWithValues: start), device: device)
  }

  /// The tensor with a name from `names`.
  public subscript(_ name: String) -> Tensor {
    guard let tensor = tensors[name] else { preconditionFailure("no tensor \(name)") }
    return tensor
  }

  /// The learned tensors, in the order of `learnedNames`.
  public var learned: [Tensor] { learnedNames.map { self[$0] } }

  /// Applies the network to a batch: images `[N, C, H, W]`, or rows `[N, D]`, → logits `[N, K]`.
  /// - Parameters:
  ///   - pass: whether the layers behave as in training or as in evaluation.
  ///   - batches: where batch normalisations note their inputs, for interval bounds.
  public func forward(_ images: Tensor, _ pass: Pass, recording batches: NormalizedBatches? = nil)
    -> Tensor
  {
    let ordered = inputShape.channels == 1 ? images : images.channelsLast
    return description.layers.apply(ordered, parameters(batches: batches), pass)
  }

  /// Applies some of the network's layers to a batch, in the shape that the first of them takes.
  /// - Parameter layers: the places of the layers, counted from 0.
  public func forward(_ x: Tensor, _ pass: Pass, layers: Range<Int>) -> Tensor {
    description.layers.apply(x, parameters(), pass, in: layers)
  }

  /// All tensors by name.
  /// - Parameter batches: where batch normalisations note their inputs, or read earlier ones.
  func parameters(batches: NormalizedBatches? = nil) -> LayerParameters {
    LayerParameters(tensors: tensors, batches: batches)
  }

  public func logits(_ images: Tensor) -> Tensor { forward(images, .evaluation) }

  /// This network as a classifier with the behaviour of a given pass, such as one of training.
  /// Attacks during training use it.
  public func behaving(_ pass: Pass) -> any Classifier { NetworkInPass(network: self, pass: pass) }

  /// Copies of all tensors, on the processor and in row-major order, as model files hold them.
  public func state() -> [(name: String, tensor: Tensor)] {
    names.map { ($0, self[$0].copy().to(.cpu).contiguous) }
  }

  /// Overwrites all tensors in place.
  /// - Throws: `Failure.badData` if the state does not fit, as the initialiser does. The network
  ///   then stays as it is.
  public func restore(_ state: [String: Tensor]) throws {
    try Self.check(state, against: description.parameters())
    for name in names {
      if let tensor = state[name] { self[name].assign(tensor.to(device)) }
    }
  }

  private static func check(_ tensors: [String: Tensor], against needed: [ParameterDescription])
    throws
  {
    for parameter in needed {
      guard let tensor = tensors[parameter.name] else {
        // Files of PyTorch before 0.4.1 have no counters, and no output depends on them.
        if case .counter = parameter.role { continue }
        throw Failure.badData(
          "tensor '\(parameter.name)' is missing",
          hint: "the layers need: " + needed.map(\.name).joined(separator: ", "))
      }
      guard parameter.type == .int64 || [.float32, .float64].contains(tensor.type) else {
        throw Failure.badData(
          "tensor '\(parameter.name)' has elements of type \(tensor.type), its layer needs float32 "
            + "or float64")
      }
      guard tensor.shape == parameter.shape else {
        throw Failure.badData(
          "tensor '\(parameter.name)' has shape \(tensor.shape), its layer needs \(parameter.shape)"
        )
      }
    }
    let known = Set(needed.map(\.name))
    if let extra = tensors.keys.sorted().first(where: { !known.contains($0) }) {
      throw Failure.badData(
        "tensor '\(extra)' belongs to no layer", hint: hint(for: extra, among: needed.map(\.name)))
    }
  }
}

/// A network as a classifier with a given behaviour. Each call has dropout masks of its own, which
/// depend on the number of calls before it.
private final class NetworkInPass: Classifier, @unchecked Sendable {
  private let network: Network
  private let pass: Pass
  private var calls = 0

  init(network: Network, pass: Pass) {
    self.network = network
    self.pass = pass
  }

  var inputShape: InputShape { network.inputShape }
  var classCount: Int { network.classCount }
  var valueRange: ClosedRange<Double> { network.valueRange }
  var device: Device { network.device }

  func logits(_ images: Tensor) -> Tensor {
    calls += 1
    return network.forward(images, pass.purpose("call \(calls)"))
  }
}

extension Network {
  /// SHA-256 over the network's layers and tensors, in hexadecimal. It does not depend on the file
  /// that the network was read from.
  public var fingerprint: String {
    let digest = Digest()
    func add(_ text: String) { Array((text + "\n").utf8).withUnsafeBytes { digest.update($0) } }
    add("network 1 \(inputShape) \(valueRange) \(classCount)")
    description.layers.texts.forEach(add)
    for (name, tensor) in state() {
      add(name)
      tensor.rawBytes().withUnsafeBytes { digest.update($0) }
    }
    return digest.hex()
  }
}
