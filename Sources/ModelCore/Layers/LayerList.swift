import Support

/// All kinds of layers. docs/file-formats.md describes them in the same order.
enum LayerRegistry {
  static let kinds: [any Layer.Type] = [
    Convolution.self, Linear.self, BatchNormalization.self,
    MaxPooling.self, AveragePooling.self, GlobalAveragePooling.self, AdaptiveAveragePooling.self,
    Flatten.self, Codes.self, Dropout.self, StochasticDepth.self,
    Residual.self, Concatenation.self, Gate.self, PaddedChannels.self, ZeroPadding.self,
    Relu.self, LeakyRelu.self, Sigmoid.self, Tanh.self, Elu.self, Gelu.self, Silu.self,
    Softplus.self, Relu6.self, HardSigmoid.self, HardSwish.self,
    LayerNormalization.self, LayerScale.self, Patches.self, ClassToken.self, Positions.self,
    Token.self, Transpose.self, Attention.self, WindowAttention.self, MergedPatches.self,
    Normalize.self, StoredNormalization.self, Standardize.self, LocalContrast.self,
    ReversedChannels.self,
    JPEGCompression.self,
  ]

  /// The layer with a text such as `conv 32 kernel 5 padding 2`.
  /// - Throws: `Failure.badData` that says which word is wrong or missing.
  static func layer(_ text: String) throws -> any Layer {
    var words = try LayerWords(text)
    let keyword = try words.word("the kind of layer")
    guard let kind = kinds.first(where: { $0.keyword == keyword }) else {
      throw Failure.badData(
        "unknown layer '\(keyword)'", hint: hint(for: keyword, among: kinds.map { $0.keyword }))
    }
    let layer = try kind.init(&words)
    try words.finish()
    return layer
  }
}

/// Layers that are applied one after the other. As JSON, it is a list of the layers' texts.
public struct LayerList: Sendable, Codable, Equatable {
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) {
    self.layers = layers
  }

  /// Reads the layers' texts, at most 10,000.
  /// - Throws: `Failure.badData` that names the layer and says what is wrong with it.
  public init(_ texts: [String]) throws {
    guard texts.count <= 10_000 else {
      throw Failure.badData("found \(texts.count) layers; the limit is 10000")
    }
    layers = try texts.map(LayerRegistry.layer)
  }

  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode([String].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(texts)
  }

  public var texts: [String] { layers.map(\.text) }

  public static func == (a: LayerList, b: LayerList) -> Bool { a.texts == b.texts }

  /// The shapes between the layers: first the input's, last the output's. There is one more than
  /// there are layers.
  /// - Throws: `Failure.badData` that names the first layer that cannot take its input.
  public func shapes(from input: [Int]) throws -> [[Int]] {
    var shapes = [input]
    for (index, layer) in layers.enumerated() {
      do {
        let next = try layer.outputShape(of: shapes[index])
        try checkSize(next)
        shapes.append(next)
      } catch let failure as Failure {
        let shape = shapes[index].map(String.init).joined(separator: "x")
        throw Failure.badData(
          "layer \(index) '\(layer.text)' on input \(shape): \(failure.message)", hint: failure.hint
        )
      }
    }
    return shapes
  }

  private func checkSize(_ shape: [Int]) throws {
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw Failure.badData(
        "the output would be empty", hint: "use a larger input, or fewer layers that shrink it")
    }
    let size = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard size < 1 << 31 else {
      throw Failure.badData("the output \(shape) is too large: 2^31 numbers or more")
    }
  }

  /// All tensors that the layers need. Each name begins with the index of its layer: `0.weight`.
  package func parameters(for input: [Int]) throws -> [ParameterDescription] {
    let shapes = try shapes(from: input)
    return layers.indices.flatMap { index in
      layers[index].parameters(for: shapes[index]).map {
        ParameterDescription("\(index).\($0.name)", $0.shape, $0.role)
      }
    }
  }

  /// Applies the layers to a batch: x `[N] + input shape` → `[N] + output shape`.
  ///
  /// A maximum pooling that directly follows a ReLU is applied before it. The result is the same,
  /// since max(0, ·) is increasing, and the ReLU then has fewer numbers to process.
  /// - Parameter range: the layers that are applied; nil for all.
  func apply(
    _ x: Tensor, _ parameters: LayerParameters, _ pass: Pass, in range: Range<Int>? = nil
  ) -> Tensor {
    var x = x
    // Only the outermost list erodes the inputs of its layers.
    let erosion = parameters.prefix.isEmpty ? pass.erosion : nil
    var isFirst = true
    for index in evaluationOrder(of: range ?? layers.indices) {
      let layer = layers[index]
      if let erosion, layer.hasWeightMatrix(for: Array(x.shape.dropFirst())) {
        if !isFirst { x = erosion.dropped(x, before: index) }
        isFirst = false
      }
      x = layer.apply(x, parameters.part("\(index)"), pass)
    }
    return x
  }

  /// Runs layers that have no parameters, in evaluation behaviour.
  /// - Precondition: `parameters(for:)` is empty.
  package func applyWithoutParameters(_ x: Tensor) -> Tensor {
    apply(x, LayerParameters(tensors: [:]), .evaluation)
  }

  var evaluationOrder: [Int] { evaluationOrder(of: layers.indices) }

  private func evaluationOrder(of range: Range<Int>) -> [Int] {
    var order = Array(range)
    for place in order.indices.dropLast()
    where layers[range.lowerBound + place] is Relu
      && layers[range.lowerBound + place + 1] is MaxPooling
    {
      order.swapAt(place, place + 1)
    }
    return order
  }
}
