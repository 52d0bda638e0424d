import Datasets
import ModelCore
import Support

/// Masks that a training uses in place of those of its data, because they are found by looking at
/// other models.
public struct TrainingMasks: Sendable {
  /// What the masks depend on besides the training images: a digest, which becomes part of the
  /// training's request. Masks that are computed again may be rounded differently, so that they
  /// themselves are not part of it.
  let origin: String
  /// Computes the masks: uint8 of 0 and 1, or float32 from 0 to 1, in `[N]` and the shape of an
  /// example.
  let compute: @Sendable () throws -> Tensor
}

extension AnotherTraining {
  /// The union of the reasons of earlier models, as the masks of the training images.
  func masks(
    of earlier: [Contestant], on data: LazyImages, _ evaluator: Evaluator
  ) -> TrainingMasks {
    let (models, cutoff, usesMasks) = (earlier.map(\.classifier), plan.cutoff, usesMasks)
    let origin = ["reasons 1", "\(cutoff) \(usesMasks)"] + earlier.map(\.fingerprint)
    return TrainingMasks(origin: Digest.hex(of: origin.joined(separator: "\n"))) {
      ReasonUnion.masks(
        of: models, on: try data.images(), cutoff: cutoff, addsMasks: usesMasks,
        evaluator: evaluator)
    }
  }
}
