import Attacks
import ModelCore

/// Converts pixels to bytes and back, so that a stored picture keeps its budget.
///
/// The valid range of the pixels, [0, 1], [−1, 1], [0, 255] or any other, maps to the bytes 0 to
/// 255. Budgets are in the unit of the range.
package enum Quantization {
  /// The nearest byte for each pixel: float32 of any shape to uint8 of the same shape.
  package static func bytes(_ images: Tensor, range: ClosedRange<Double>) -> Tensor {
    levels(images, range).rounded.clamped(to: 0...255).to(.uint8)
  }

  /// Bytes for adversarial images that are at most `epsilon` away from the stored originals.
  ///
  /// An image whose nearest bytes lie within its budget takes these. In every other image, the
  /// pixels that rounding moved away from the original take the next byte towards the original
  /// instead. No such pixel is then further from the stored original than before rounding, so the
  /// perturbation keeps its budget. A budget in ℓ0 counts the pixels that differ. Rounding cannot
  /// raise this count, because equal pixels stay equal.
  ///
  /// This holds for originals whose pixels are bytes, as those of picture files are. The rounding
  /// of other originals can add up to half a step between two bytes.
  /// - Parameters:
  ///   - adversarial: float32 `[N, C, H, W]`.
  ///   - originals: the unchanged images, of the same shape.
  ///   - range: the valid range of the pixels.
  /// - Returns: uint8 `[N, C, H, W]`.
  package static func bytes(
    _ adversarial: Tensor, keeping epsilon: Double, in norm: Norm, of originals: Tensor,
    range: ClosedRange<Double>
  ) -> Tensor {
    guard norm != .l0 else { return bytes(adversarial, range: range) }
    // adversarial, originals [N, C, H, W]
    let exact = levels(adversarial, range)
    let start = levels(originals, range).rounded
    let nearest = exact.rounded
    let width = range.upperBound - range.lowerBound
    let threat = ThreatModel(norm, epsilon: epsilon, valueRange: range)
    let tooFar = norm.size((nearest - start) * (width / 255)).isGreater(
      than: epsilon + threat.tolerance)
    let inwards = exact.isGreater(than: start).choose(exact.floor, else: -(-exact).floor)
    let outwards = (nearest - start).absolute.isGreater(than: (exact - start).absolute)
    let pull = outwards.and(tooFar.reshaped([-1, 1, 1, 1]))
    return pull.choose(inwards, else: nearest).clamped(to: 0...255).to(.uint8)
  }

  /// The pixel values that bytes stand for: what a reader of the picture gets.
  package static func pixels(_ bytes: Tensor, range: ClosedRange<Double>) -> Tensor {
    bytes.to(.float32) / 255 * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  /// The pixels on the scale of bytes, from 0 to 255, before rounding.
  private static func levels(_ images: Tensor, _ range: ClosedRange<Double>) -> Tensor {
    (images - range.lowerBound) * (255 / (range.upperBound - range.lowerBound))
  }
}
