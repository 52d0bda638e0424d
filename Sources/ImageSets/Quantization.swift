import Attacks
import ModelCore

/// Pixels as bytes and back, so that a stored picture keeps its budget.
package enum Quantization {
  /// The nearest byte for each pixel, uint8.
  package static func bytes(_ images: Tensor, range: ClosedRange<Double>) -> Tensor {
    levels(images, range).rounded.clamped(to: 0...255).to(.uint8)
  }

  /// Bytes for adversarial images that are at most `epsilon` away from the stored originals.
  ///
  /// The nearest byte is kept where the whole image is within its budget; in the others every pixel
  /// that rounding moved outwards takes the next byte towards the original instead, which can only
  /// make the perturbation smaller. How many pixels differ (ℓ0) no rounding raises, since equal
  /// pixels stay equal.
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

  /// The pixel values that bytes stand for, as a reader of the picture gets them.
  package static func pixels(_ bytes: Tensor, range: ClosedRange<Double>) -> Tensor {
    bytes.to(.float32) / 255 * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  private static func levels(_ images: Tensor, _ range: ClosedRange<Double>) -> Tensor {
    (images - range.lowerBound) * (255 / (range.upperBound - range.lowerBound))
  }
}
