import ModelCore
import Support

extension AttackPlan {
  /// How an attack gets to its result, for people to watch.
  ///
  /// The frames are the images, and then: what an iterated gradient attack has made of them after
  /// every step of its first start; or what an attack that walks one path or scales one direction
  /// makes of them at every share of the budget.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]`.
  ///   - shares: how many parts the budget is cut into, where the attack has no steps of its own.
  /// - Returns: images in the same shape, the unchanged ones first.
  /// - Throws: `Failure.usage` for an attack that has no such frames.
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
        "\(name) has no steps that can be shown one by one",
        hint: "attacks that have: " + known.joined(separator: ", "))
    }
    return frames
  }
}
