import ModelCore

/// Admix: the mean gradient at scaled copies of the images, into which a share of another image is
/// mixed.
///
///     copy(m, i) = (x + η·x′ₘ) / 2ⁱ,  with m < 3 other images x′ₘ and i < 5 scales
///
/// The label stays that of x: only a small share of x′ is mixed in, so that the mixture still shows
/// x. The other images are drawn from training images (`TrainingSample`), whatever their class. The
/// authors draw them from the other attacked images; the result of an image would then depend on
/// its batch. Without training images, they are drawn from the batch after all. Source: X. Wang et
/// al. (2021), with their η = 0.2, 3 images and 5 scales.
public struct Admix: GradientView {
  public static let name = "admix"
  public static let sampleSize = 500
  /// η, the share of the other image.
  public let share: Double
  /// The number of other images.
  public let others: Int
  /// The number of scales.
  public let scales: Int
  public var gradients: Int { others * scales }
  /// The images that others are drawn from, `[P, …]`; nil for those of the batch.
  private var pool: Tensor?

  public init() { self.init(share: 0.2) }

  public init(share: Double, others: Int = 3, scales: Int = 5) {
    self.share = share
    self.others = others
    self.scales = scales
  }

  public func mixing(_ images: Tensor) -> Admix {
    var view = self
    view.pool = images
    return view
  }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      // x, other [N, …]; pool [P, …]
      let pool = pool ?? x
      return GradientEstimate.mean(over: others * scales) { copy in
        let own = draws.purpose("other \(copy / scales)")
        let other = pool.indexSelect(0, own.integers(below: pool.shape[0])) * share
        let factor = 1 / Double(1 << (copy % scales))
        return inner(x, draws.purpose("copy \(copy)")) { view(($0 + other) * factor) }
      }
    }
  }
}
