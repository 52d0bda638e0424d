import ModelCore

/// The steps of the optimizer Adam for many images at once, independently for each image.
///
///     m ← 0.9·m + 0.1·g,  v ← 0.999·v + 0.001·g²
///     step = rate·m̂ / (√v̂ + 10⁻⁸),  with m̂ = m / (1 − 0.9ᵗ) and v̂ = v / (1 − 0.999ᵗ) at step t
///
/// m and v start at zero; the divisions remove this bias. A gradient that is infinite or not a
/// number (NaN) counts as zero, so that the other images are not affected. Source: D. Kingma and J.
/// Ba (2015).
struct AdamSteps {
  let rate: Double
  private var mean: Tensor
  private var square: Tensor
  /// 0.9ᵗ and 0.999ᵗ.
  private var decay = (mean: 1.0, square: 1.0)

  /// - Parameter variables: `[N, …]`; only its shape and device are used.
  init(rate: Double, like variables: Tensor) {
    self.rate = rate
    mean = Tensor.zeros(variables.shape, device: variables.device)
    square = mean
  }

  /// The step for a gradient `[N, …]`. Adding it increases the function; subtracting it decreases
  /// the function.
  mutating func next(_ gradient: Tensor) -> Tensor {
    let slope = gradient.finiteOrZero
    mean = mean * 0.9 + slope * 0.1
    square = square * 0.999 + slope.square * 0.001
    decay = (decay.mean * 0.9, decay.square * 0.999)
    let spread = (square / (1 - decay.square)).squareRoot + 1e-8
    return mean * (rate / (1 - decay.mean)) / spread
  }

  /// Continues with the images at `rows`, int64 `[M]`, only.
  mutating func keep(_ rows: Tensor) {
    mean = mean.indexSelect(0, rows)
    square = square.indexSelect(0, rows)
  }
}

extension Tensor {
  /// The tensor with zeros in place of elements that are infinite or not a number (NaN).
  var finiteOrZero: Tensor {
    isFinite.choose(self, else: Tensor.zeros([], type: type, device: device))
  }
}
