import Datasets
import ModelCore

/// Which training examples keep their masks, and whether every batch contains them.
///
/// Masks cost a person's time, so a few must do. With `annotated`, only the first examples of the
/// training data keep their masks; all others get masks of zeros. In large data sets most batches
/// would then contain no mask, unless `alwaysInclude` puts these examples in front of every batch.
/// Source: A. Ross, M. Hughes and F. Doshi-Velez (2017).
public struct AnnotatedExamples: Sendable, Equatable {
  /// The number of examples that keep their masks; nil for all.
  public var count: Int?
  /// Whether the examples that keep their masks are part of every batch.
  public var alwaysInclude = false

  public init() {}

  /// The batch of a training step.
  /// - Parameter places: the examples of the step in the training data, int64 `[n]`.
  func batch(of data: LabelledImages, at places: Tensor) -> Batch {
    guard let count = count.map({ min($0, data.count) }) else { return data.batch(at: places) }
    let wanted = alwaysInclude ? Tensor.concatenate([Tensor.range(count), places]) : places
    let batch = data.batch(at: wanted)
    guard let masks = batch.annotations.masks else { return batch }
    let keeps = wanted.isLess(than: Tensor.full(Double(count), shape: [], type: .int64))
      .to(.float32).reshaped([-1] + [Int](repeating: 1, count: masks.rank - 1))
    let annotations = Annotations(
      labels: batch.labels, groups: batch.annotations.groups, masks: masks * keeps)
    return Batch(images: batch.images, annotations: annotations, places: batch.places)
  }
}
