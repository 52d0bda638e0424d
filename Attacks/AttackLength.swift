import ModelCore

// How many passes an attack makes at most. Progress within a batch is measured against it; nothing
// else depends on it. An attack that is not listed does not say.

extension AttackPlan {
  /// The largest number of forward passes of a batch that the attack makes for all of its budgets;
  /// nil if this is not known beforehand. An attack from which images leave early makes fewer.
  public func mostPasses(against classifier: any Classifier) -> Int? {
    let threats = epsilons.map { attack.threat($0, against: classifier) }
    // Expectation over transformation makes every pass several times.
    let draws = attack.parameters["eot"].flatMap(Int.init) ?? expectation.draws
    return attack.mostPasses(within: threats, classes: classifier.classCount).map { $0 * draws }
  }
}

extension AscentAttack {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    let once = ascent.steps * ascent.gradient.passes + (ascent.restarts > 1 ? 1 : 0)
    return threats.count * ascent.restarts * once
  }
}

extension AttackGradient {
  /// The number of forward passes of one gradient.
  var passes: Int { views.reduce(1) { $0 * $1.gradients } }
}

extension RandomFastGradientSign {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * gradient.passes
  }
}

extension DivergenceAscent {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    // One pass more for the predictions of the unchanged images.
    threats.count * (1 + schedule.steps * gradient.passes)
  }
}

extension PatchWiseMethod {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * schedule.steps * gradient.passes
  }
}

extension IntermediateLevelAttack {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    // Besides the steps, one pass for the images and one for the other attack's examples.
    attack.mostPasses(within: threats, classes: classes).map { $0 + threats.count * (steps + 2) }
  }
}

extension AutoProjectedGradient {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * (steps + 1)
  }
}

extension FastAdaptiveBoundary {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    1 + 2 * steps * min(self.classes, classes - 1)
  }
}

extension AutoAttack {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    let tried = min(Self.classes, classes - 1)
    let ascents = (1 + tried) * (steps + 2)
    let boundary = 1 + 2 * steps * tried
    // Before the members, each of them ends with a pass, and the targeted one begins with one.
    return threats.count * (5 + ascents + boundary + queries + 1)
  }
}

extension JacobianSaliencyMap {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    Int(threats.map(\.epsilon).max() ?? 0) / form.features + 1
  }
}

extension DeepFool {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    1 + steps * (2 + min(self.classes, classes - 1))
  }
}

extension CarliniWagner {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    1 + searches * steps
  }
}

extension DecoupledDirectionNorm {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? { 1 + steps }
}

extension FastMinimumNorm {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? { 1 + steps }
}

extension AugmentedLagrangian {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? { 1 + steps }
}

extension ElasticNet {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    1 + searches * steps * 2
  }
}

extension SuperDeepFool {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    // Each projection has a walk, a normal of the boundary and two looks at what was found.
    1 + projections * ((deepFool.mostPasses(within: threats, classes: classes) ?? 0) + 3) + halvings
  }
}

extension SigmaZero {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? { 1 + steps }
}

extension SparseFool {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    // Each step has a walk, a normal of the boundary and a look at what was found.
    1 + steps * ((DeepFool().mostPasses(within: threats, classes: classes) ?? 0) + 2)
  }
}

extension SquareAttack {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * (queries + 1)
  }
}

extension NaturalEvolution {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * queries
  }
}

extension Bandits {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * queries
  }
}

extension OnePixel {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * (1 + population * (generations + 1))
  }
}

extension Pixle {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * (1 + restarts * iterations)
  }
}

extension SpatialTransformation {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * (1 + candidates)
  }
}

extension AdversarialPatch {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    threats.count * (1 + places * (schedule.steps * gradient.passes + 1))
  }
}

extension SurrogateTransfer {
  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? {
    attack.mostPasses(within: threats, classes: classes)
  }
}
