/// (x − mean) / std for each channel, where `mean` and `std` are tensors of the model that are not
/// learned: `storednormalize`. They start at 0 and 1. Published models that normalise their input by
/// buffers have this layer in front.
public struct StoredNormalization: Layer {
  public static let keyword = "storednormalize"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try refuseTokens(input)
    return input
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    [
      ParameterDescription("mean", [input[0]], .statistic(0)),
      ParameterDescription("std", [input[0]], .statistic(1)),
    ]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    (x - perChannel(parameters["mean"], like: x)) / perChannel(parameters["std"], like: x)
  }

  /// The deviations divide the radius by their magnitude.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let deviation = perChannel(parameters["std"], like: inputs.radius)
    return Bounds(
      around: apply(inputs.center, parameters, pass), by: inputs.radius / deviation.absolute)
  }

  /// Both parts divided by std, and −mean / std as a bias.
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    let (mean, deviation) = (parameters["mean"], parameters["std"])
    return inputs.mapped { $0 / perChannel(deviation, like: $0) }.sharing(-mean / deviation)
  }

  /// One number for each channel of x `[N, C, …]`, as `[1, C, 1, …]`.
  private func perChannel(_ numbers: Tensor, like x: Tensor) -> Tensor {
    numbers.reshaped([1, -1] + [Int](repeating: 1, count: x.rank - 2))
  }
}
