import CTorch

/// A sliding window: sizes as (height, width).
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

  /// Output size for an input size: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1,
  /// for height and width.
  package func outputSize(height: Int, width: Int) -> (height: Int, width: Int) {
    func size(_ n: Int, _ part: KeyPath<Pair, Int>) -> Int {
      let span = dilation[keyPath: part] * (kernel[keyPath: part] - 1) + 1
      let room = n + 2 * padding[keyPath: part] - span
      return room < 0 ? 0 : room / stride[keyPath: part] + 1
    }
    return (size(height, \.height), size(width, \.width))
  }
}

/// A height and a width; a whole number stands for a square.
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

/// Network operations on images `[N, C, H, W]` and vectors `[N, D]`.
extension Tensor {
  /// `weight` is `[out, in / groups, kernel…]`.
  public func convolved(_ weight: Tensor, bias: Tensor?, window: Window, groups: Int = 1) -> Tensor
  {
    Tensor(
      owning: ct_conv2d(reference, weight.reference, bias?.reference, window.native, Int64(groups)))
  }

  /// x·Wᵀ + b with `weight` `[out, in]`.
  public func linear(_ weight: Tensor, bias: Tensor?) -> Tensor {
    Tensor(owning: ct_linear(reference, weight.reference, bias?.reference))
  }

  public func maxPooled(_ window: Window) -> Tensor {
    Tensor(owning: ct_max_pool2d(reference, window.native))
  }

  /// Averages count padding zeros, as PyTorch's default does.
  public func averagePooled(_ window: Window) -> Tensor {
    Tensor(owning: ct_avg_pool2d(reference, window.native))
  }

  /// Images brought to another size by bilinear interpolation between pixel centres.
  public func resized(height: Int, width: Int) -> Tensor {
    Tensor(owning: ct_resize(reference, Int64(height), Int64(width)))
  }

  /// Images with a border of `value`.
  public func padded(left: Int, right: Int, top: Int, bottom: Int, value: Double = 0) -> Tensor {
    Tensor(owning: ct_pad(reference, Int64(left), Int64(right), Int64(top), Int64(bottom), value))
  }

  /// The mean of each channel: `[N, C, 1, 1]`.
  public var globallyPooled: Tensor { Tensor(owning: ct_global_avg_pool2d(reference)) }

  /// (x − mean) / √(variance + ε) · weight + bias per channel.
  ///
  /// With `usesBatch` the statistics are the batch's own, and the running ones, where given, move
  /// towards them in place: running ← (1 − momentum)·running + momentum·batch (variance without
  /// bias).
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

  public func softmax(_ dimension: Int = -1) -> Tensor {
    Tensor(owning: ct_softmax(reference, Int32(dimension)))
  }

  public func logSoftmax(_ dimension: Int = -1) -> Tensor {
    Tensor(owning: ct_log_softmax(reference, Int32(dimension)))
  }

  /// Cross-entropy of each row of logits `[N, K]` against labels `[N]`: −log softmax(z)[y], in
  /// plain float32, so that a saturated network's gradient is exactly zero.
  public func crossEntropy(_ labels: Tensor) -> Tensor {
    -logSoftmax().gather(1, labels.reshaped([-1, 1])).reshaped([-1])
  }

  /// Cross-entropy of each row of logits against target probabilities `[N, K]`.
  public func crossEntropy(probabilities: Tensor) -> Tensor {
    -(probabilities * logSoftmax()).sum([1])
  }
}
