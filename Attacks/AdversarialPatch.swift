import ModelCore
import Support

/// The adversarial patch: a square of a picture whose pixels may take any valid value, while all
/// others stay as they are.
///
/// In the square, projected gradient descent with the whole value range as its budget increases the
/// loss (`GradientAscent`):
///
///     x ← clip(x + α·sign ∇ₓL(x)) in the square, starting at random values
///
/// The budget is the share of the pixels that the square may cover, so that it can be compared with
/// other attacks in ℓ0: the side is ⌊√(share·H·W)⌋ pixels, but at most the shorter side of the
/// picture. `PatchPlace` says where the square is, and by how much it is turned. With `places`
/// above 1, squares at several places are tried in turn. A picture leaves with the first one that
/// reaches the goal, and otherwise keeps the one with the largest loss, or stays as it is if none
/// increases the loss.
///
/// The patch of Brown et al. is one for all pictures, under random places and sizes; here, as in
/// LaVAN, each picture has its own, at a known place. The steps of 1/20 of the value range are
/// those of LaVAN, of which there are up to 1,000. Use it to see whether a small object in the
/// scene is enough to mislead a model. Source: T. Brown et al., "Adversarial Patch" (2017); D.
/// Karmon, D. Zoran and Y. Goldberg, "LaVAN: Localized and Visible Adversarial Noise" (2018).
public struct AdversarialPatch: GradientAttack, Configurable {
  public static let name = "patch"
  public static let title = "adversarial patch"
  public static let summary =
    "any values in one square of the picture, by gradient steps (Karmon et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted

  public let norm = Norm.l0
  public let needsPictures = true
  public var place: PatchPlace
  /// The number of places that are tried, or of starts at the same place.
  public var places: Int
  /// The steps; α is in units of pixel values.
  public var schedule: StepSchedule
  public var gradient: AttackGradient

  public init(
    _ place: PatchPlace = PatchPlace(), places: Int = 1,
    _ schedule: StepSchedule = StepSchedule(steps: 100, relative: 5),
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.place = place
    self.places = places
    self.schedule = schedule
    self.gradient = gradient
  }

  public static let settings: [Setting<AdversarialPatch>] = [
    .group(\.place),
    .int("places", \.places, in: 1...10_000, "places tried in turn, or starts at one place"),
    .group(\.schedule), .group(\.gradient),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    let shape = classifier.inputShape
    let area = min(budget, 1) * Double(shape.height * shape.width)
    // In floating point √(0.25·16) may be 1.999…; 2 pixels are meant.
    let side = min(Int(area.squareRoot() + 1e-6), shape.height, shape.width)
    return ThreatModel(
      norm, epsilon: Double(shape.channels * side * side), valueRange: classifier.valueRange)
  }

  public func check(against classifier: any Classifier) throws {
    for view in views { try type(of: view).check(against: classifier) }
    try place.check(in: classifier.inputShape)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    let pixels = threat.epsilon / Double(images.shape[1])
    let side = min(Int(pixels.squareRoot() + 1e-6), images.shape[2], images.shape[3])
    guard side > 0 else { return images }
    let free = ThreatModel.anyImage(budget: 1, valueRange: threat.valueRange)
    var ascent = schedule.ascent(along: gradient)
    ascent.startsRandomly = true
    var best = BestCandidates(
      images, goal, draws, classifier, by: gradient.loss, over: gradient.expectation)
    for number in 0..<places where !best.active.isEmpty {
      let active = best.active
      let own = active.draws.purpose("place \(number)")
      let square = place.square(side, in: active.originals, own.purpose("corner"))
      let inside = active.goal.within(active.goal.region.and(square))
      best.offer(
        inside.region.limited(
          ascent.run(active.originals, inside, within: free, against: classifier, draws: own),
          around: active.originals))
    }
    return best.finish()
  }
}
