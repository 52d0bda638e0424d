import ModelCore

extension AttackPlan {
  /// The region in which examples with some masks may change.
  /// - Parameter masks: 0 and 1, in the shape of the examples; nil if the data have none.
  /// - Precondition: there are masks if the plan is limited by them.
  public func region(_ masks: Tensor?) -> Region {
    guard let mask else { return .everywhere }
    guard let masks else { preconditionFailure("\(name) is limited by masks, and there are none") }
    return mask.region(masks)
  }

  /// Attacks a batch for every budget of the plan.
  ///
  /// Images that have no goal (`GoalRule.aimed`) are not attacked: they stay as they are, and their
  /// target is −1. An image that the masks let change nowhere stays as it is, and one that they let
  /// change everywhere is attacked as without masks.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]` or `[N, D]`.
  ///   - labels: the true labels, int64 `[N]`.
  ///   - masks: 0 and 1, in the shape of the images; nil if the data have none.
  ///   - draws: the random numbers for a purpose: `targets` or `attack`.
  /// - Returns: for each budget, images in the same shape; and the target classes, int64 `[N]`, −1
  ///   for an untargeted attack.
  /// - Precondition: there are masks if the plan is limited by them.
  public func sweep(
    _ images: Tensor, labels: Tensor, masks: Tensor? = nil, against classifier: any Classifier,
    draws: (String) -> ExampleDraws
  ) -> (adversarial: [Tensor], targets: Tensor) {
    let classifier: any Classifier =
      expectation.draws > 1
      ? MeanLogits(classifier: classifier, draws: expectation.draws) : classifier
    let goal = goal.goal(
      for: labels, images: images, classifier: classifier, draws: draws("targets"))
    let aimed = self.goal.aimed(labels)
    let own = draws("attack")
    var adversarial = epsilons.map { _ in images }
    /// Attacks the images at `rows`, int64 `[M]`.
    func attack(_ rows: Tensor, _ goal: Goal) {
      if rows.count == labels.count {
        adversarial = self.attack.sweep(
          images, goal, epsilons: epsilons, against: classifier, draws: own)
      } else if rows.count > 0 {
        let moved = self.attack.sweep(
          images.indexSelect(0, rows), goal.at(rows), epsilons: epsilons, against: classifier,
          draws: own.rows(rows))
        adversarial = zip(adversarial, moved).map { $0.replacingRows(rows, with: $1) }
      }
    }
    let region = region(masks)
    if let changeable = region.changeable {
      // whole, part [M] for the M aimed images: whether all, and only some features may change
      let features = changeable.indexSelect(0, aimed).flattened
      let whole = features.all([1])
      let part = features.any([1]).and(whole.inverted)
      attack(aimed.rows(where: whole), goal)
      attack(aimed.rows(where: part), goal.within(region))
    } else {
      attack(aimed, goal)
    }
    let none = labels * 0 - 1
    guard let targets = goal.targets else { return (adversarial, none) }
    let isAimed = aimed.count == labels.count
    return (
      adversarial,
      isAimed ? targets : none.replacingRows(aimed, with: targets.indexSelect(0, aimed))
    )
  }
}
