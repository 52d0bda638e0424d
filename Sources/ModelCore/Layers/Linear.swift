import Support

/// A fully connected layer y = x·Wᵀ + b with OUT outputs, for rows `[D]` and for each of the tokens
/// `[T, D]`: `linear OUT [bias off]`.
public struct Linear: WeightedLayer {
  public static let keyword = "linear"
  public let outputs: Int
  public let hasBias: Bool

  public init(_ outputs: Int, hasBias: Bool = true) {
    self.outputs = outputs
    self.hasBias = hasBias
  }

  public init(_ words: inout LayerWords) throws {
    outputs = try words.count("the number of outputs")
    hasBias = try !words.takeBiasOff()
  }

  public var text: String { "linear \(outputs)" + (hasBias ? "" : " bias off") }

  public func outputShape(of input: [Int]) throws -> [Int] {
    if input.count != 2 { try requireRow(input) }
    return input.dropLast() + [outputs]
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let inputs = input[input.count - 1]
    let weight = ParameterDescription(
      "weight", [outputs, inputs], .weight(inputs: inputs, outputs: outputs))
    let bias = ParameterDescription("bias", [outputs], .bias(inputs: inputs))
    return hasBias ? [weight, bias] : [weight]
  }

  func product(_ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
    // x [N, in] or [N, T, in]
    if x.rank == 3 {
      let tokens = x.reshaped([-1, x.shape[2]]).linear(weight, bias: bias)
      return tokens.reshaped([x.shape[0], x.shape[1], outputs])
    }
    // The matrix library computes a product with a single row in another way than one
    // with several rows, and rounds differently. A single row is therefore doubled, so that an
    // example gets the same numbers whatever batch it is in.
    let single = x.shape[0] == 1
    let rows = single ? Tensor.concatenate([x, x]) : x
    let outputs = rows.linear(weight, bias: bias)
    return single ? outputs.narrow(0, 0, 1) : outputs
  }
}
