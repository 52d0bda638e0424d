/// A layer that computes W·x + b, where the weights W are its parameter `weight` and the bias b its
/// parameter `bias`.
protocol WeightedLayer: Layer {
  var hasBias: Bool { get }

  /// W·x + b for the given weights and bias.
  func product(_ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor
}

extension WeightedLayer {
  private func bias(_ parameters: LayerParameters) -> Tensor? {
    hasBias ? parameters["bias"] : nil
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    product(x, parameters["weight"], bias: bias(parameters))
  }

  /// The centre of a box passes through W·x + b. Its radius passes through |W|: each number in the
  /// interval c ± r changes an output by at most |w|·r.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    Bounds(
      around: apply(inputs.center, parameters, pass),
      by: product(inputs.radius, parameters["weight"].absolute, bias: nil))
  }

  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    inputs.mapped { product($0, parameters["weight"], bias: nil) }.sharing(bias(parameters))
  }
}
