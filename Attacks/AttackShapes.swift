import ModelCore

/// An attack whose perturbation is one direction scaled by ε: all budgets of a sweep share one
/// gradient.
public protocol OneDirectionAttack: Attack {
  /// The direction of length one (in its norm) to move each image in, in the images' shape; zero
  /// where there is none.
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

  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]? {
    framesByBudget(
      images, goal, epsilon: epsilon, shares: shares, against: classifier, draws: draws)
  }
}

/// An attack that walks one path, and whose budget only says how far: all budgets of a sweep share
/// one walk.
public protocol OnePathAttack: Attack {
  /// Adversarial images for each of several budgets, in the order given: where on its path each
  /// image is when the budget is spent.
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

  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]? {
    framesByBudget(
      images, goal, epsilon: epsilon, shares: shares, against: classifier, draws: draws)
  }
}

/// An attack without a budget: it looks for the smallest perturbation that reaches the goal.
///
/// Within a budget ε its result is that perturbation where it is small enough, and the unchanged
/// image elsewhere; so a sweep over budgets costs one run.
public protocol SmallestPerturbationAttack: Attack {
  /// Adversarial images as near as the attack can find them; unchanged where it found none.
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
  /// X' = clip(X + ε·direction)
  func moved(_ images: Tensor, along direction: Tensor) -> Tensor {
    (images + direction * epsilon).clamped(to: valueRange)
  }

  /// The adversarial images that are within the budget, the originals elsewhere.
  func kept(_ adversarial: Tensor, of images: Tensor) -> Tensor {
    let near = norm.size(adversarial - images).isAtMost(epsilon)
    return near.perImage(like: images).choose(adversarial, else: images)
  }
}
