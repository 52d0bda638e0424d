import CTorch

/// The sliding window of a convolution or a pooling; each size is a height and a width.
public struct Window: Equatable, Sendable {
  public var kernel: Pair
  public var stride: Pair
  public var padding: Pair
  public var dilation: Pair

  public init(kernel: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  var native: ct_window {
    ct_window(
      kernel: kernel.native, stride: stride.native, padding: padding.native,
      dilation: dilation.native)
  }

  /// The number of window positions on an input: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) /
  /// stride⌋ + 1 for height and width; 0 if the window is larger than the padded input.
  package func outputSize(height: Int, width: Int) -> (height: Int, width: Int) {
    func size(_ n: Int, _ part: KeyPath<Pair, Int>) -> Int {
      let span = dilation[keyPath: part] * (kernel[keyPath: part] - 1) + 1
      let room = n + 2 * padding[keyPath: part] - span
      return room < 0 ? 0 : room / stride[keyPath: part] + 1
    }
    return (size(height, \.height), size(width, \.width))
  }
}

/// A height and a width. An integer literal stands for two equal numbers.
public struct Pair: Equatable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  public var height: Int
  public var width: Int

  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  public init(integerLiteral side: Int) { self.init(side, side) }

  /// "5" for a square, "5x3" otherwise.
  public var description: String { height == width ? "\(height)" : "\(height)x\(width)" }

  var native: (Int64, Int64) { (Int64(height), Int64(width)) }
}

/// Operations of networks on images `[N, C, H, W]` and rows `[N, D]`.
extension Tensor {
  /// The two-dimensional convolution (cross-correlation) with `weight` `[out, in / groups, kernel
  /// height, kernel width]` and `bias` `[out]`.
  public func convolved(_ weight: Tensor, bias: Tensor?, window: Window, groups: Int = 1) -> Tensor
  {
    Tensor(
      owning: ct_conv2d(reference, weight.reference, bias?.reference, window.native, Int64(groups)))
  }

  /// x·Wᵀ + b, where W is `weight` `[out, in]` and b is `bias` `[out]`.
  public func linear(_ weight: Tensor, bias: Tensor?) -> Tensor {
    Tensor(owning: ct_linear(reference, weight.reference, bias?.reference))
  }

  /// The largest number of each window. Padding is never the largest. Of several equal numbers, the
  /// first receives the gradient; a window with NaN gives NaN.
  public func maxPooled(_ window: Window) -> Tensor {
    Tensor(owning: ct_max_pool2d(reference, window.native))
  }

  /// `maxPooled` of both ends of intervals, `self − radius` and `self + radius`, without tensors for
  /// the ends.
  func maxPooledEnds(radius: Tensor, _ window: Window) -> (lower: Tensor, upper: Tensor) {
    var lower: OpaquePointer?
    var upper: OpaquePointer?
    guard
      ct_max_pool2d_of_intervals(reference, radius.reference, window.native, &lower, &upper)
    else { Engine.refuse() }
    return (Tensor(owning: lower), Tensor(owning: upper))
  }

  /// The mean of each window. Padding counts as zeros, as it does by default in PyTorch.
  public func averagePooled(_ window: Window) -> Tensor {
    Tensor(owning: ct_avg_pool2d(reference, window.native))
  }

  /// The means of the height x width parts into which the pixels divide as equally as possible: part
  /// i of n along a side of s pixels goes from ⌊i·s / n⌋ to ⌈(i + 1)·s / n⌉, as in PyTorch.
  func averagePooled(toHeight height: Int, width: Int) -> Tensor {
    Tensor(owning: ct_adaptive_avg_pool2d(reference, Int64(height), Int64(width)))
  }

  /// The images in another size, by bilinear interpolation between pixel centres.
  public func resized(height: Int, width: Int) -> Tensor {
    Tensor(owning: ct_resize(reference, Int64(height), Int64(width)))
  }

  /// The images with a border of `value` around them.
  public func padded(left: Int, right: Int, top: Int, bottom: Int, value: Double = 0) -> Tensor {
    Tensor(owning: ct_pad(reference, Int64(left), Int64(right), Int64(top), Int64(bottom), value))
  }

  /// The mean of each channel over all pixels: `[N, C, 1, 1]`.
  public var globallyPooled: Tensor { Tensor(owning: ct_global_avg_pool2d(reference)) }

  /// (x − mean) / √(variance + ε) · weight + bias for each channel; all parameters are `[C]`.
  ///
  /// With `usesBatch`, mean and variance are those of the batch. The running statistics, if given,
  /// then change in place: running ← (1 − momentum)·running + momentum·batch, with the unbiased
  /// variance of the batch. Otherwise, mean and variance are the running statistics.
  func batchNormalized(
    weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVariance: Tensor?, usesBatch: Bool,
    momentum: Double,
    epsilon: Double
  ) -> Tensor {
    Tensor(
      owning: ct_batch_norm(
        reference, weight?.reference, bias?.reference, runningMean?.reference,
        runningVariance?.reference, usesBatch,
        momentum, epsilon))
  }

  /// The mean and the biased variance of each channel of `[N, C, …]`, `[C]` each.
  var channelMoments: (mean: Tensor, variance: Tensor) {
    let both = Tensor(owning: ct_channel_moments(reference))
    return (both.select(0, 0), both.select(0, 1))
  }

  /// (x − mean) / √(variance + ε) · weight + bias, with mean and variance over the last dimension
  /// and parameters of its size.
  func layerNormalized(weight: Tensor, bias: Tensor, epsilon: Double) -> Tensor {
    Tensor(owning: ct_layer_norm(reference, weight.reference, bias.reference, epsilon))
  }

  /// Attention softmax(q·kᵀ/√d + bias)·v of H heads of d numbers. This tensor has queries, keys and
  /// values side by side: `[N, T, 3·H·d]` → `[N, T, H·d]`.
  /// - Parameter bias: `[B, H, T, T]`, where B divides N; it is repeated N / B times.
  func attended(heads: Int, bias: Tensor? = nil) -> Tensor {
    Tensor(owning: ct_attention(reference, Int64(heads), bias?.reference))
  }

  public func softmax(_ dimension: Int = -1) -> Tensor {
    Tensor(owning: ct_softmax(reference, Int32(dimension)))
  }

  public func logSoftmax(_ dimension: Int = -1) -> Tensor {
    Tensor(owning: ct_log_softmax(reference, Int32(dimension)))
  }

  /// The cross-entropy of each row of logits z `[N, K]` for labels y `[N]`: −log softmax(z)[y],
  /// shape `[N]`.
  ///
  /// It is computed in the type of the logits. In float32, the gradient of a saturated network is
  /// therefore exactly zero, as it is in PyTorch.
  public func crossEntropy(_ labels: Tensor) -> Tensor {
    -logSoftmax().gather(1, labels.reshaped([-1, 1])).reshaped([-1])
  }

  /// The cross-entropy of each row of logits z `[N, K]` for target probabilities p `[N, K]`:
  /// −Σ p·log softmax(z), shape `[N]`.
  public func crossEntropy(probabilities: Tensor) -> Tensor {
    -(probabilities * logSoftmax()).sum([1])
  }
}
