import Support

/// An interval for each number of a batch: the number lies between `lower` and `upper`.
///
/// A network computes with intervals as with numbers (interval bound propagation). If every input
/// lies in its interval, so does every output:
///
///     let box = Bounds(around: images, by: masks * 0.1)
///     let logits = try network.bounds(box)
///     // logits.lower ≤ network.logits(x) ≤ logits.upper for all x in the box
///
/// The bounds hold up to the rounding of float32, and gradients flow through them. Source: S. Gowal
/// et al., "On the Effectiveness of Interval Bound Propagation for Training Verifiably Robust
/// Models" (2018).
///
/// An interval is kept as its centre and its radius, and not as its ends. The difference of two
/// nearly equal ends would lose most of the digits of a small radius.
public struct Bounds: Sendable {
  /// The middle of each interval, in the shape of the numbers: `[N, …]`.
  public let center: Tensor
  /// Half the width of each interval, in the same shape.
  public let radius: Tensor

  /// The box from `center − radius` to `center + radius`.
  public init(around center: Tensor, by radius: Tensor) {
    self.center = center
    self.radius = radius
  }

  /// The box from `lower` to `upper`.
  public init(lower: Tensor, upper: Tensor) {
    self.init(around: (lower + upper) * 0.5, by: (upper - lower) * 0.5)
  }

  public var lower: Tensor { center - radius }
  public var upper: Tensor { center + radius }

  /// The part of the box in which all numbers are in a range.
  /// - Precondition: the box has a point in the range.
  public func clamped(to range: ClosedRange<Double>) -> Bounds {
    // What is cut off at each end. Where nothing is, the interval stays exactly as it is.
    let (below, above) = ((range.lowerBound - lower).relu, (upper - range.upperBound).relu)
    return Bounds(
      around: center + (below - above) * 0.5, by: radius - (below + above) * 0.5)
  }

  /// The bounds of logits `[N, K]` at which the true class does worst: its own lower bound, and the
  /// upper bounds of all other classes.
  /// - Parameter labels: the true classes, int64 `[N]`.
  public func worstLogits(_ labels: Tensor) -> Tensor {
    let isTrue = labels.oneHot(classes: center.shape[1]).isGreater(than: 0)
    return isTrue.choose(lower, else: upper)
  }
}

extension Layer {
  /// Refuses to bound the outputs. Layers with bounds implement this requirement.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    throw Failure.badData(
      "the layer '\(text)' has no interval bounds",
      hint:
        "interval bounds exist for linear, conv, batchnorm, pooling, flatten, residual, concat, "
        + "gate, dropout, stochasticdepth, normalize, storednormalize, bgr, padchannels, pad, "
        + "layernorm, layerscale, patches, classtoken, positions, token, transpose, mergepatches "
        + "and all activations")
  }
}

/// A layer each of whose outputs grows, or stays the same, if inputs grow. It maps the ends of
/// intervals to the ends of intervals.
protocol IncreasingLayer: Layer {}

extension IncreasingLayer {
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    Bounds(
      lower: apply(inputs.lower, parameters, pass), upper: apply(inputs.upper, parameters, pass))
  }
}

extension Bounds {
  /// The bounds of a function of each number that falls up to the number `valley` and rises from
  /// there on.
  ///
  /// Over an interval, such a function is smallest at the point nearest to the valley, and largest
  /// at one of both ends. A valley of −∞ stands for a function that rises everywhere.
  func mapped(valley: Double, _ function: (Tensor) -> Tensor) -> Bounds {
    let (lower, upper) = (self.lower, self.upper)
    let (low, high) = (function(lower), function(upper))
    guard valley > -.infinity else { return Bounds(lower: low, upper: high) }
    return Bounds(
      lower: function(lower.maximum(valley).minimum(upper)), upper: low.maximum(high))
  }
}

extension LayerList {
  /// The bounds of the outputs of all layers. A batch normalisation after a layer with weights is
  /// multiplied into those weights, since boxes have many more numbers than weights.
  /// - Throws: `Failure.badData` that names a layer without bounds.
  func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds {
    var bounds = inputs
    for index in evaluationOrder where weightsAndNormalization(at: index - 1) == nil {
      let own = parameters.part("\(index)")
      if let (layer, norm) = weightsAndNormalization(at: index) {
        let affine = norm.boundsScale(parameters.part("\(index + 1)"))
        bounds = layer.bounds(bounds, own, then: affine)
      } else {
        bounds = try layers[index].bounds(bounds, own, pass)
      }
    }
    return bounds
  }

  /// The layer with weights at a place and the batch normalisation right after it; nil if there is
  /// no such pair.
  private func weightsAndNormalization(at index: Int) -> (any WeightedLayer, BatchNormalization)? {
    guard index >= 0, index + 1 < layers.count, let layer = layers[index] as? any WeightedLayer,
      let norm = layers[index + 1] as? BatchNormalization
    else { return nil }
    return (layer, norm)
  }
}

extension LayerList {
  /// The bounds of the outputs of layers that have no parameters, in evaluation behaviour.
  /// - Precondition: `parameters(for:)` is empty.
  /// - Throws: `Failure.badData` that names a layer without bounds.
  package func boundsWithoutParameters(_ inputs: Bounds) throws -> Bounds {
    try bounds(inputs, LayerParameters(tensors: [:]), .evaluation)
  }
}

extension Network {
  public func bounds(_ box: Bounds) throws -> Bounds { try bounds(box, .evaluation) }

  /// The bounds of the logits `[N, K]` for inputs in a box `[N, C, H, W]` or `[N, D]`.
  ///
  /// Running statistics do not change.
  /// - Parameter batches: the batches that an earlier pass recorded. Each batch normalisation uses
  ///   the mean and the biased variance of its batch, with gradients through both, as H. Zhang et
  ///   al., "Towards Stable and Efficient Training of Verifiably Robust Neural Networks" (2020), do.
  ///   If nil or empty, batch normalisation uses its running statistics.
  /// - Throws: `Failure.badData` that names a layer without bounds.
  public func bounds(_ inputs: Bounds, _ pass: Pass, batches: NormalizedBatches? = nil) throws
    -> Bounds
  {
    let isPicture = inputShape.channels > 1
    func ordered(_ x: Tensor) -> Tensor { isPicture ? x.channelsLast : x }
    let box = Bounds(around: ordered(inputs.center), by: ordered(inputs.radius))
    return try description.layers.bounds(
      box, parameters(batches: batches), pass.withoutUpdates)
  }

  /// Checks that all layers have interval bounds.
  /// - Throws: `Failure.badData` that names a layer without them.
  public func checkBounds() throws {
    let middle = (valueRange.lowerBound + valueRange.upperBound) / 2
    let input = Tensor.full(middle, shape: [1] + inputShape.sizes, device: device)
    _ = try withoutGradients { try bounds(Bounds(lower: input, upper: input)) }
  }
}
