import Datasets
import Support

/// The images that trainings learn from, and the data's own validation images. They are opened when
/// they are used, if the cache knows what else must be known of them.
struct TrainingImages: Sendable {
  let train: LazyImages
  /// nil if no training is watched on them.
  let validation: LazyImages?
  /// The pictures that the autoencoder learns from; nil if the experiment has none.
  var encoded: LazyImages?

  /// Finds out what the given trainings need.
  /// - Parameter cache: what is known of the data from earlier processes; nil for nothing.
  /// - Throws: `Failure` if the data have no validation images and a training needs them.
  init(
    _ data: DataPlan, for plans: [TrainingPlan], cache: DataCache? = nil, progress: ProgressDisplay
  ) throws {
    train = try data.lazily(.train, cache: cache, progress: progress)
    let isWatched = plans.contains { $0.settings.validation == .data }
    validation =
      isWatched ? try data.lazily(.validation, cache: cache, progress: progress) : nil
  }
}

extension RunFolder {
  /// What the processes that work in the folder know about data, in a hidden folder.
  func dataCache(writing: Bool = true) -> DataCache {
    DataCache(url.appending(path: ".data"), writing: writing)
  }
}
