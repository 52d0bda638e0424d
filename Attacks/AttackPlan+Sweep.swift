import ModelCore

extension AttackPlan {
  /// Attacks a batch for every budget of the plan.
  ///
  /// Images that have no goal (`GoalRule.aimed`) are not attacked: they stay as they are, and their
  /// target is −1.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]` or `[N, D]`.
  ///   - labels: the true labels, int64 `[N]`.
  ///   - draws: the random numbers for a purpose: `targets` or `attack`.
  /// - Returns: for each budget, images in the same shape; and the target classes, int64 `[N]`, −1
  ///   for an untargeted attack.
  public func sweep(
    _ images: Tensor, labels: Tensor, against classifier: any Classifier,
    draws: (String) -> ExampleDraws
  ) -> (adversarial: [Tensor], targets: Tensor) {
    let goal = goal.goal(
      for: labels, images: images, classifier: classifier, draws: draws("targets"))
    let none = labels * 0 - 1
    let aimed = self.goal.aimed(labels)
    if aimed.count == labels.count {
      let all = attack.sweep(
        images, goal, epsilons: epsilons, against: classifier, draws: draws("attack"))
      return (all, goal.targets ?? none)
    }
    guard aimed.count > 0 else { return (epsilons.map { _ in images }, none) }
    let part = goal.at(aimed)
    let moved = attack.sweep(
      images.indexSelect(0, aimed), part, epsilons: epsilons, against: classifier,
      draws: draws("attack").rows(aimed))
    return (
      moved.map { images.replacingRows(aimed, with: $0) },
      part.targets.map { none.replacingRows(aimed, with: $0) } ?? none
    )
  }
}
