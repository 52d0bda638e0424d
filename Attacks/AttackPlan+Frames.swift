import ModelCore
import Support

extension AttackPlan {
  /// Intermediate images of the attack, from the unchanged images to its result, for people to look
  /// at.
  ///
  /// The first frame shows the unchanged images. For an iterated gradient attack, one frame follows
  /// for each step of the first start. For an attack along one path or one direction, one frame
  /// follows for each part of the budget.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]`.
  ///   - shares: the number of equal parts that the budget is divided into, for an attack without
  ///     steps.
  /// - Returns: for each frame, images in the same shape.
  /// - Throws: `Failure.usage` if the attack has neither steps, nor a path, nor a direction.
  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int = 10,
    against classifier: any Classifier, seed: Seed
  ) throws -> [Tensor] {
    let draws = ExampleDraws(
      seed, examples: Array(0..<images.shape[0]), device: classifier.device)
    let frames = attack.frames(
      images, goal, epsilon: epsilon, shares: shares, against: classifier, draws: draws)
    guard let frames else {
      let known = AttackRegistry.all.filter { $0.hasFrames }.map { $0.name }
      throw Failure.usage(
        "the attack \(name) has no intermediate images to show",
        hint: "attacks with intermediate images: " + known.joined(separator: ", "))
    }
    return frames
  }
}
