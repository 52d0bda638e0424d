/// The largest number of each window, bounded by linear functions.
///
/// Let j be the place in a window with the largest lower end. The largest number is at least xⱼ. If
/// no other number of the window can be larger than the lower end of xⱼ, it is xⱼ; otherwise it is
/// at most the largest upper end.
struct RelaxedPooling: Sendable {
  private let window: Window
  /// The lower ends of the inputs, `[N, C, H, W]`.
  private let lower: Tensor
  /// 1 where the largest number is xⱼ for all inputs, and 0 elsewhere, `[N, C, H′, W′]`.
  private let isDecided: Tensor
  /// The upper ends of the results, in the same shape.
  private let upper: Tensor

  /// - Parameters:
  ///   - inputs: the intervals of the numbers.
  ///   - results: the intervals of the largest ones.
  init(_ inputs: Bounds, _ results: Bounds, _ window: Window) {
    self.window = window
    lower = inputs.lower.detached
    upper = results.upper
    let first = lower.maxPooled(window)
    // In windows that overlap, a number may be the j of one and not of another. Such windows count
    // as undecided.
    guard window.stride.height >= window.kernel.height,
      window.stride.width >= window.kernel.width, window.dilation == 1
    else {
      isDecided = upper.detached * 0
      return
    }
    let chosen = Self.spread(first * 0 + 1, lower, window)
    let others = inputs.upper.detached - chosen * Double(Float.greatestFiniteMagnitude)
    isDecided = others.maxPooled(window).isGreater(than: first).inverted.to(.float32)
  }

  /// The coefficients for the inputs, and what is added, for coefficients of the results `[R, …]`.
  /// - Parameters:
  ///   - images: the image of each row, int64 `[R]`.
  ///   - positive: the positive coefficients, and 0 elsewhere; `negative` likewise.
  func rows(_ images: Tensor, _ positive: Tensor, _ negative: Tensor) -> (Tensor, Tensor) {
    let decided = isDecided.indexSelect(0, images)
    let passed = Self.spread(
      positive + negative * decided, lower.indexSelect(0, images), window)
    return (passed, negative * (1 - decided) * upper.indexSelect(0, images))
  }

  /// Each coefficient of a result at the place of its j: the gradient of ⟨coefficients, max⟩ at the
  /// lower ends.
  private static func spread(_ coefficients: Tensor, _ lower: Tensor, _ window: Window) -> Tensor {
    withGradients {
      let ends = lower.detached.tracked
      // Differentiated once more, the gradient is linear in the coefficients, as it should be.
      return (ends.maxPooled(window) * coefficients).sum()
        .gradient(of: ends, differentiable: coefficients.isTracked)
    }
  }
}
