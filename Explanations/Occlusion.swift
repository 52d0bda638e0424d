import ModelCore
import Support

/// Occlusion: by how much the scalar falls if a part of the input is replaced by a baseline,
///
///     a_d = mean over the windows w with d ∈ w of s(x) − s(x with w replaced)
///
/// The windows of a picture are squares over all channels, which cover it from the upper left corner
/// in steps of `stride`. The parts of a row are its single features; those that equal the baseline
/// contribute 0 and cost nothing.
///
/// Source: M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks" (2014).
public struct Occlusion: ExplanationMethod, Configurable {
  public static let name = "occlusion"
  public static let title = "occlusion"
  public static let summary =
    "how far the score falls if a square or a feature is removed (Zeiler & Fergus 2014)"
  public static let settings: [Setting<Self>] = [
    .explained(\.scalar),
    .baseline(\.baseline, "what takes the place of what is removed"),
    .optionalInt(
      "size", \.size, in: 1...65_536,
      "side of the squares in pixels; if not given, an eighth of the longer side"),
    .optionalInt(
      "stride", \.stride, in: 1...65_536,
      "distance of the squares in pixels; if not given, half of their side"),
  ]
  public var scalar = ExplainedScalar.predictedProbability
  public var baseline = Baseline.automatic
  public var size: Int?
  public var stride: Int?
  public var usesGradients: Bool { false }

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public func check(_ shape: InputShape, _ background: Background) throws {
    guard shape.isPicture || (size == nil && stride == nil) else {
      throw Failure.usage(
        "occlusion: size and stride are for pictures, and the data are rows of \(shape.count) numbers",
        hint: "leave them out: each number of a row is removed on its own")
    }
    guard shape.isPicture, let size, let stride, stride > size else { return }
    throw Failure.usage(
      "occlusion: the stride \(stride) is larger than the size \(size), so squares would leave gaps",
      hint: "choose a stride of at most \(size)")
  }

  public func explain(_ batch: ExplainedBatch) -> Explanation {
    batch.images.rank == 4 ? overSquares(batch) : overFeatures(batch)
  }

  private func overSquares(_ batch: ExplainedBatch) -> Explanation {
    // images, start [N, C, H, W]; windows [H, W], 1 inside; falls [N]
    let images = batch.images
    let start = baseline.inputs(like: images, in: batch.classifier.valueRange, batch.background)
    let (height, width) = (images.shape[2], images.shape[3])
    let side = size ?? max(1, max(height, width) / 8)
    let step = min(stride ?? max(1, side / 2), side)
    let places = Self.starts(height, side, step).flatMap { top in
      Self.starts(width, side, step).map { (top, $0) }
    }
    func window(_ place: Int) -> Tensor {
      let (top, left) = places[place]
      let (tall, wide) = (min(side, height - top), min(side, width - left))
      return Tensor.ones([1, 1, tall, wide], device: images.device).padded(
        left: left, right: width - left - wide, top: top, bottom: height - top - tall)
    }
    let whole = batch.scores(of: scalar)
    var sum = Tensor.zeros([images.shape[0], 1, height, width], device: images.device)
    var cover = Tensor.zeros([1, 1, height, width], device: images.device)
    batch.values(of: scalar, variants: places.count) {
      images + (start - images) * window($0)
    } _: { place, found in
      let inside = window(place)
      sum = sum + inside * (whole - found).reshaped([-1, 1, 1, 1])
      cover = cover + inside
    }
    // The fall belongs to the pixel. Its channels share it, so that they add up to it.
    let channels = images.shape[1]
    return Explanation((sum / cover / Double(channels)).expanded(images.shape).contiguous)
  }

  /// The upper or left ends of the squares: every `step` until the squares reach the end.
  static func starts(_ length: Int, _ side: Int, _ step: Int) -> [Int] {
    guard length > side else { return [0] }
    return (0...(length - side + step - 1) / step).map { $0 * step }
  }

  private func overFeatures(_ batch: ExplainedBatch) -> Explanation {
    // images, start [N, D]; pairs [P, 2], each an example and a feature that differs from the start
    let images = batch.images
    let start = baseline.inputs(like: images, in: batch.classifier.valueRange, batch.background)
    let pairs = images.differs(from: start).nonzero
    let whole = batch.scores(of: scalar)
    var falls: [Float] = []
    for first in Swift.stride(from: 0, to: pairs.shape[0], by: batch.passSize) {
      let part = pairs.narrow(0, first, min(batch.passSize, pairs.shape[0] - first))
      let (examples, features) = (
        part.select(1, 0).contiguous, part.select(1, 1).reshaped([-1, 1])
      )
      let values = start.indexSelect(0, examples).gather(1, features)
      let inputs = images.indexSelect(0, examples).scattering(1, features, values)
      let found = batch.values(of: scalar, at: inputs, examples: examples)
      falls += (whole.indexSelect(0, examples) - found).floats()
    }
    var contributions = [Float](repeating: 0, count: images.count)
    let places = pairs.int64s().map(Int.init)
    for (pair, fall) in falls.enumerated() {
      contributions[places[2 * pair] * images.shape[1] + places[2 * pair + 1]] = fall
    }
    return Explanation(Tensor(contributions, shape: images.shape).to(images.device))
  }
}

extension ExplainedBatch {
  /// The scalar of each unchanged example, `[N]`.
  public func scores(of scalar: ExplainedScalar) -> Tensor {
    scalar.values(logits, labels, predicted: explained).detached
  }
}
