import Support

/// What a network is, without its numbers.
public struct NetworkDescription: Codable, Equatable, Sendable {
  /// The shape of one image.
  public let input: InputShape
  public let layers: LayerList
  /// The smallest and largest valid pixel.
  public let valueRange: ClosedRange<Double>
  public let classNames: [String]

  /// - Throws: `Failure.badData` if a layer does not fit the one before it, or the output is not
  ///   one number per class.
  public init(
    input: InputShape, layers: LayerList, classNames: [String],
    valueRange: ClosedRange<Double> = 0...1
  ) throws {
    let output = try layers.shapes(from: input.sizes).last ?? []
    guard output == [classNames.count], classNames.count >= 2 else {
      throw Failure.badData(
        "the network's output has shape \(output), and there are \(classNames.count) classes",
        hint: "the last layer must give one number per class, for at least two classes")
    }
    self.input = input
    self.layers = layers
    self.valueRange = valueRange
    self.classNames = classNames
  }

  private enum CodingKeys: CodingKey {
    case input, layers, valueRange, classNames
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let text = try values.decode(String.self, forKey: .input)
    guard let input = InputShape(text) else {
      throw Failure.badData("input must be like 1x28x28, found '\(text)'")
    }
    try self.init(
      input: input, layers: values.decode(LayerList.self, forKey: .layers),
      classNames: values.decode([String].self, forKey: .classNames),
      valueRange: values.decode(ClosedRange<Double>.self, forKey: .valueRange))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(input.description, forKey: .input)
    try values.encode(layers, forKey: .layers)
    try values.encode(valueRange, forKey: .valueRange)
    try values.encode(classNames, forKey: .classNames)
  }

  /// All tensors of such a network, in the order of its layers.
  public func parameters() throws -> [ParameterDescription] {
    try layers.parameters(for: input.sizes)
  }
}
