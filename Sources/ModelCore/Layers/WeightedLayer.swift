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
    bounds(inputs, parameters["weight"], bias: bias(parameters))
  }

  /// The bounds of scale·(W·x + b) + shift, with one scale and one shift for each channel of the
  /// output, `[C]`. It is the layer with the weights scale·W and the bias scale·b + shift.
  func bounds(
    _ inputs: Bounds, _ parameters: LayerParameters, then affine: (scale: Tensor, shift: Tensor)
  ) -> Bounds {
    let weight = parameters["weight"]
    let perOutput = affine.scale.reshaped([-1] + [Int](repeating: 1, count: weight.rank - 1))
    let bias = bias(parameters).map { $0 * affine.scale + affine.shift } ?? affine.shift
    return bounds(inputs, weight * perOutput, bias: bias)
  }

  private func bounds(_ inputs: Bounds, _ weight: Tensor, bias: Tensor?) -> Bounds {
    Bounds(
      around: product(inputs.center, weight, bias: bias),
      by: product(inputs.radius, weight.absolute, bias: nil))
  }

  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    inputs.mapped { product($0, parameters["weight"], bias: nil) }.sharing(bias(parameters))
  }
}
