import Support

/// Every kind of layer, one line each.
enum LayerRegistry {
  static let kinds: [any Layer.Type] = [
    Convolution.self, Linear.self, BatchNormalization.self, MaxPooling.self, AveragePooling.self,
    GlobalAveragePooling.self,
    Flatten.self, Dropout.self, Normalize.self, Standardize.self, LocalContrast.self, Residual.self,
    Relu.self,
    LeakyRelu.self, Sigmoid.self, Tanh.self,
    Elu.self, Gelu.self, Silu.self, Softplus.self, JPEGCompression.self, ReversedChannels.self,
    PaddedChannels.self,
  ]

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

/// Layers one after the other, written as a list of texts.
public struct LayerList: Sendable, Codable, Equatable {
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) {
    self.layers = layers
  }

  /// - Throws: `Failure.badData` naming the layer and what is wrong with it.
  public init(_ texts: [String]) throws {
    guard texts.count <= 10_000 else {
      throw Failure.badData("\(texts.count) layers; at most 10000 are read")
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

  /// The shape of one input of each layer, and after them the shape of the output.
  public func shapes(from input: [Int]) throws -> [[Int]] {
    var shapes = [input]
    for (index, layer) in layers.enumerated() {
      do {
        let next = try layer.outputShape(of: shapes[index])
        guard next.allSatisfy({ $0 > 0 }),
          next.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) < 1 << 31
        else { throw Failure.badData("nothing, or too much, is left of it") }
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

  /// All tensors needed, named by layer index: `0.weight`.
  package func parameters(for input: [Int]) throws -> [ParameterDescription] {
    let shapes = try shapes(from: input)
    return layers.indices.flatMap { index in
      layers[index].parameters(for: shapes[index]).map {
        ParameterDescription("\(index).\($0.name)", $0.shape, $0.role)
      }
    }
  }

  /// Runs the layers. A pooling that follows a ReLU is taken first: the maximum of the positive
  /// parts is the positive part of the maximum, and there are fewer numbers to look at.
  func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    var x = x
    for index in evaluationOrder {
      x = layers[index].apply(x, parameters.part("\(index)"), pass)
    }
    return x
  }

  /// Runs layers that have no parameters, in evaluation behaviour.
  /// - Precondition: `parameters(for:)` is empty.
  package func applyWithoutParameters(_ x: Tensor) -> Tensor {
    apply(x, LayerParameters(tensors: [:], prefix: ""), .evaluation)
  }

  private var evaluationOrder: [Int] {
    var order = Array(layers.indices)
    for index in order.indices.dropLast()
    where layers[index] is Relu && layers[index + 1] is MaxPooling {
      order.swapAt(index, index + 1)
    }
    return order
  }
}
