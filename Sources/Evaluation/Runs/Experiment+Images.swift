import Datasets
import Support

extension Experiment {
  /// The images to train on; nil if none of the given models is trained.
  func trainingImages(
    for models: [ModelPlan], progress: ProgressDisplay
  ) throws -> TrainingImages? {
    let plans = models.compactMap(\.origin.recipe)
    guard !plans.isEmpty else { return nil }
    var images = try TrainingImages(data, for: plans, progress: progress)
    let isSearched = models.contains { if case .another = $0.origin { true } else { false } }
    if isSearched, let autoencoder {
      images.encoded = try autoencoder.load(for: images.train, progress: progress)
    }
    return images
  }

  /// The test images, and those of them that are attacked.
  /// - Throws: `Failure.badData` if the experiment asks for pictures or a study and the data are
  ///   rows of a table, which cannot be drawn; `Failure.usage` if no image can change by as much as
  ///   a budget allows.
  func testImages(progress: ProgressDisplay) throws -> (
    all: LabelledImages, attacked: LabelledImages
  ) {
    let all = try data.load(.test, progress: progress)
    if !all.shape.isPicture, images != nil || study != nil {
      throw Failure.badData(
        "\(all.name) has rows of \(all.shape.count) features, and only images can be exported or "
          + "shown in a study", hint: "remove 'images' and 'study' from the experiment")
    }
    let attacked = try all.chosen(first: count, sample: sample, seed: seed) { progress.note($0) }
    try checkBudgets(for: attacked)
    return (all, attacked)
  }
}

/// The images that trainings learn from, and the data's own validation images.
struct TrainingImages: Sendable {
  let train: LabelledImages
  /// nil if no training is watched on them.
  let validation: LabelledImages?
  /// The pictures that the autoencoder learns from; nil if the experiment has none.
  var encoded: LabelledImages?

  /// Loads what the given trainings need.
  /// - Throws: `Failure` if the data have no validation images and a training needs them.
  init(_ data: DataPlan, for plans: [TrainingPlan], progress: ProgressDisplay) throws {
    train = try data.load(.train, progress: progress)
    let isWatched = plans.contains { $0.settings.validation == .data }
    validation = isWatched ? try data.load(.validation, progress: progress) : nil
  }
}
