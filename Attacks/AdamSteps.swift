import ModelCore

/// Adam's steps for many images at once, each by itself:
///
///     m ← 0.9·m + 0.1·g,  v ← 0.999·v + 0.001·g²,  step = rate·m̂ / (√v̂ + 10⁻⁸)
///
/// m̂ and v̂ are m and v without the bias of their start at zero. Kingma & Ba, 2015. A gradient
/// that is not a number counts as zero: such an image stays where it is.
struct AdamSteps {
  let rate: Double
  private var mean: Tensor
  private var square: Tensor
  private var decay = (mean: 1.0, square: 1.0)

  /// For variables of the shape `[N, …]` of `variables`.
  init(rate: Double, like variables: Tensor) {
    self.rate = rate
    mean = Tensor.zeros(variables.shape, device: variables.device)
    square = mean
  }

  /// The step along a gradient `[N, …]`, to be added to climb.
  mutating func next(_ gradient: Tensor) -> Tensor {
    let slope = gradient.finiteOrZero
    mean = mean * 0.9 + slope * 0.1
    square = square * 0.999 + slope.square * 0.001
    decay = (decay.mean * 0.9, decay.square * 0.999)
    let spread = (square / (1 - decay.square)).squareRoot + 1e-8
    return mean * (rate / (1 - decay.mean)) / spread
  }

  /// Goes on with some of the images only.
  mutating func keep(_ rows: Tensor) {
    mean = mean.indexSelect(0, rows)
    square = square.indexSelect(0, rows)
  }
}

extension Tensor {
  /// Zero where an element is infinite or not a number.
  var finiteOrZero: Tensor {
    isFinite.choose(self, else: Tensor.zeros([], type: type, device: device))
  }
}
