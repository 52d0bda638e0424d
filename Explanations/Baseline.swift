import ModelCore

/// The input that stands for "nothing is there": where integrated gradients begin, and what takes the
/// place of a feature that is removed.
public enum Baseline: String, Sendable, CaseIterable {
  /// `zero` for pictures and texts, and `mean` for tables, where 0 may be an unusual value.
  case automatic
  /// 0 in every feature: the words of a text are gone, and a picture with values from 0 is black.
  case zero
  /// The smallest valid value in every feature.
  case lowest
  /// The middle of the valid range in every feature.
  case middle
  /// The largest valid value in every feature.
  case highest
  /// For rows of a table, the mean of each feature in the data; for pictures, the picture's own mean
  /// in each channel.
  case mean

  /// The baseline of each example, in the examples' shape.
  /// - Parameters:
  ///   - images: `[N, C, H, W]` or `[N, D]`.
  ///   - range: the smallest and the largest valid value.
  public func inputs(
    like images: Tensor, in range: ClosedRange<Double>, _ background: Background
  ) -> Tensor {
    switch self {
    case .automatic:
      let isTable = background.mean != nil && !background.isSparse
      return (isTable ? Self.mean : .zero).inputs(like: images, in: range, background)
    case .zero: return images * 0
    case .lowest: return images * 0 + range.lowerBound
    case .middle: return images * 0 + (range.lowerBound + range.upperBound) / 2
    case .highest: return images * 0 + range.upperBound
    case .mean:
      return background.mean.map { images * 0 + $0.to(images.device) }
        ?? (images * 0 + (images.rank == 4 ? images.mean([2, 3], keep: true) : images))
    }
  }
}
