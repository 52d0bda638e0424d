import ModelCore

/// An attack that moves each image along one direction, by a distance that the budget gives: X′ =
/// clip(X + ε·direction). All budgets of a sweep share one gradient.
public protocol OneDirectionAttack: Attack {
  /// The direction to move each image in, in the shape of the images. Its length is 1 in the
  /// attack's norm, and 0 where the attack finds no direction. It is 0 outside of the goal's region.
  func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor
}

extension OneDirectionAttack {
  public static var hasFrames: Bool { true }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    let direction = direction(images, goal, against: classifier, draws: draws)
    return threat.moved(images, along: direction)
  }

  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    let direction = direction(images, goal, against: classifier, draws: draws)
    return epsilons.map { threat($0, against: classifier).moved(images, along: direction) }
  }
}

/// An attack that moves each image along one path. The budget only decides where on the path the
/// image stops. All budgets of a sweep share the work for the largest one.
public protocol OnePathAttack: Attack {
  /// Makes adversarial images for several budgets.
  /// - Returns: for each threat model, in their order, the point of each image's path where the
  ///   budget is used up.
  func pathSweep(
    _ images: Tensor, _ goal: Goal, within threats: [ThreatModel],
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]
}

extension OnePathAttack {
  public static var hasFrames: Bool { true }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    pathSweep(images, goal, within: [threat], against: classifier, draws: draws)[0]
  }

  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    let threats = epsilons.map { threat($0, against: classifier) }
    return pathSweep(images, goal, within: threats, against: classifier, draws: draws)
  }
}

/// An attack without a budget, which looks for the smallest perturbation that reaches the goal.
///
/// For a budget ε, its result is this perturbation where it is at most ε, and the unchanged image
/// elsewhere. All budgets of a sweep therefore share one run.
public protocol SmallestPerturbationAttack: Attack {
  /// Adversarial images as close to the originals as the attack finds them; an image for which it
  /// finds none is unchanged.
  func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor
}

extension SmallestPerturbationAttack {
  public static var searchesWithinBudget: Bool { false }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    threat.kept(nearest(images, goal, against: classifier, draws: draws), of: images)
  }

  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    let nearest = nearest(images, goal, against: classifier, draws: draws)
    return epsilons.map { threat($0, against: classifier).kept(nearest, of: images) }
  }
}

extension ThreatModel {
  /// X′ = clip(X + ε·direction), with clip to the valid pixel range.
  func moved(_ images: Tensor, along direction: Tensor) -> Tensor {
    (images + direction * epsilon).clamped(to: valueRange)
  }

  /// The adversarial images that are within the budget, and the originals of the others.
  func kept(_ adversarial: Tensor, of images: Tensor) -> Tensor {
    let near = norm.size(adversarial - images).isAtMost(epsilon)
    return near.perImage(like: images).choose(adversarial, else: images)
  }
}
