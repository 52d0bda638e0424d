import Datasets
import Support

extension Experiment {
  /// The training images; nil if none of the given models is trained.
  func trainingImages(for models: [ModelPlan], progress: ProgressDisplay) throws -> LabelledImages?
  {
    let trains = models.contains { if case .training = $0.origin { true } else { false } }
    return trains ? try data.load(.train, progress: progress) : nil
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
