import Support

/// What a network computes, without its parameters: the input shape, the layers and the classes.
public struct NetworkDescription: Codable, Equatable, Sendable {
  /// The shape of one input.
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
        "the last layer must have one output per class, for at least two classes; "
          + "the output has shape \(output), and there are \(classNames.count) classes",
        hint: "end with 'linear' and the number of classes")
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
      throw Failure.badData(
        "input must be a shape like 1x28x28, or 4 for rows of 4 numbers; found '\(text)'")
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

  /// All tensors that such a network needs, in the order of its layers.
  public func parameters() throws -> [ParameterDescription] {
    try layers.parameters(for: input.sizes)
  }
}
