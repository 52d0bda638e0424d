import Attacks
import Datasets
import Support

extension AttackPlan {
  /// The training images that the attack learns from, drawn from all classes; nil if it needs none.
  /// - Parameter training: gives the training images; nil if there are none.
  /// - Throws: `Failure.usage` if there are none and the attack needs them.
  func lesson(
    from training: () throws -> LabelledImages?, seed: Seed
  ) throws -> LabelledImages? {
    guard sampleSize > 0 else { return nil }
    guard let images = try training() else {
      throw Failure.usage(
        "\(name) learns from training images, and there are none",
        hint: "use data that have training images besides the attacked ones")
    }
    return try images.sample(min(sampleSize, images.count), seed: seed.derive("lesson"))
  }

  /// How many of the images the plan leaves out because they have the label that it aims at, as a
  /// sentence; nil if there are none.
  /// - Throws: `Failure.usage` if no image is left to be attacked.
  public func leftOut(of data: LabelledImages) throws -> String? {
    let count = data.count - goal.aimed(data.labels).count
    guard count > 0 else { return nil }
    guard count < data.count else {
      throw Failure.usage(
        "\(name): target \(goal): expected images of other classes, found \(data.count) images of "
          + "this class alone",
        hint: "choose another target, for example next, or other images")
    }
    return "\(name): \(count) of \(data.count) images have the label \(goal), which is the target. "
      + "They are not attacked and are in no rate."
  }
}
