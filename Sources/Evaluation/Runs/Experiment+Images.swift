import Datasets
import Support

extension Experiment {
  /// The images to train on; nil if none of the given models is trained.
  /// - Parameter cache: what is known of the data from earlier processes; nil for nothing.
  func trainingImages(
    for models: [ModelPlan], cache: DataCache? = nil, progress: ProgressDisplay
  ) throws -> TrainingImages? {
    let plans = models.compactMap(\.origin.recipe)
    guard !plans.isEmpty else { return nil }
    var images = try TrainingImages(data, for: plans, cache: cache, progress: progress)
    let isSearched = models.contains { if case .another = $0.origin { true } else { false } }
    if isSearched, let autoencoder {
      images.encoded = try autoencoder.pictures(
        for: images.train, cache: cache, progress: progress)
    }
    return images
  }

  /// The test images, and those of them that are attacked.
  /// - Parameter cache: what is known of the data from earlier processes; nil for nothing.
  /// - Throws: `Failure.badData` if the experiment asks for pictures or a study and the data are
  ///   rows of a table, which cannot be drawn; `Failure.usage` if no image can change by as much as
  ///   a budget allows.
  func testImages(cache: DataCache? = nil, progress: ProgressDisplay) throws -> (
    all: LabelledImages, attacked: LabelledImages
  ) {
    let all = try data.lazily(.test, cache: cache, progress: progress).images()
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
