/// Batch normalisation of each channel of pictures `[C, H, W]`, or of each number of rows `[D]`:
/// `batchnorm [momentum M] [epsilon E]`.
///
///     y = weight · (x − mean) / √(variance + ε) + bias
///
/// Training uses the mean and the variance of the batch. Evaluation uses running statistics, which
/// each training step updates: running ← (1 − momentum)·running + momentum·batch. The running
/// variance is unbiased. By default, the momentum is 0.1 and ε is 1e-5.
///
/// Source: Ioffe & Szegedy, 2015.
public struct BatchNormalization: Layer {
  public static let keyword = "batchnorm"
  public let momentum: Double
  public let epsilon: Double

  public init(momentum: Double = 0.1, epsilon: Double = 1e-5) {
    self.momentum = momentum
    self.epsilon = epsilon
  }

  public init(_ words: inout LayerWords) throws {
    momentum = words.take("momentum") ? try words.number("momentum", in: 0...1) : 0.1
    epsilon = words.take("epsilon") ? try words.number("epsilon", in: 0...1) : 1e-5
  }

  public var text: String {
    "batchnorm" + (momentum == 0.1 ? "" : " momentum \(momentum)")
      + (epsilon == 1e-5 ? "" : " epsilon \(epsilon)")
  }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try refuseTokens(input)
    return input
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    [
      ParameterDescription("weight", [input[0]], .constant(1)),
      ParameterDescription("bias", [input[0]], .constant(0)),
      ParameterDescription("running_mean", [input[0]], .statistic(0)),
      ParameterDescription("running_var", [input[0]], .statistic(1)),
      ParameterDescription("num_batches_tracked", [], .counter),
    ]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // A pass that uses batch statistics but must not update the running ones does not get them.
    let usesRunning = !pass.usesBatchStatistics || pass.updatesStatistics
    if pass.updatesStatistics {
      let counter = parameters["num_batches_tracked"]
      counter.assign(counter + 1)
    }
    if pass.usesBatchStatistics { parameters.record(batch: x) }
    return x.batchNormalized(
      weight: parameters["weight"], bias: parameters["bias"],
      runningMean: usesRunning ? parameters["running_mean"] : nil,
      runningVariance: usesRunning ? parameters["running_var"] : nil,
      usesBatch: pass.usesBatchStatistics,
      momentum: momentum, epsilon: epsilon)
  }

  /// With the statistics fixed, the layer is x·scale + shift for each channel: the centre of a box
  /// passes through it, and the radius is multiplied by |scale|.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let (scale, shift) = boundsScale(parameters)
    let shape = [1, -1] + [Int](repeating: 1, count: inputs.center.rank - 2)
    return Bounds(
      around: inputs.center * scale.reshaped(shape) + shift.reshaped(shape),
      by: inputs.radius * scale.absolute.reshaped(shape))
  }

  /// Scale and shift of each channel for bounds, by the statistics of the recorded batch if there
  /// is one, and otherwise by the running statistics.
  func boundsScale(_ parameters: LayerParameters) -> (scale: Tensor, shift: Tensor) {
    affine(parameters, batch: parameters.recordedBatch)
  }

  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    let (scale, shift) = affine(
      parameters, batch: pass.usesBatchStatistics ? inputs.sum : nil)
    let shape = [1, -1] + [Int](repeating: 1, count: inputs.relevant.rank - 2)
    return inputs.mapped { $0 * scale.reshaped(shape) }.sharing(shift)
  }

  /// Scale and shift of each channel, `[C]`: scale = weight / √(variance + ε) and
  /// shift = bias − mean·scale.
  /// - Parameter batch: the numbers `[N, C, …]` whose mean and biased variance count; nil for the
  ///   running statistics.
  private func affine(_ parameters: LayerParameters, batch: Tensor?) -> (
    scale: Tensor, shift: Tensor
  ) {
    let (mean, variance) =
      batch?.channelMoments ?? (parameters["running_mean"], parameters["running_var"])
    let scale = parameters["weight"] / (variance + epsilon).squareRoot
    return (scale, parameters["bias"] - mean * scale)
  }
}
