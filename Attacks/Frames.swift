import ModelCore
import Support

extension AttackPlan {
  /// How an attack gets to its result, for people to watch: the images, then what they are after
  /// every step of an iterated gradient attack (its first start), after every share of the budget
  /// of an attack that walks one path, or at every share of ε of one that only scales a direction.
  ///
  /// - Parameters:
  ///   - images: `[N, C, H, W]`.
  ///   - shares: how many parts the budget is cut into, where the attack has no steps of its own.
  /// - Returns: images in the same shape, the unchanged ones first.
  /// - Throws: `Failure.usage` for an attack without such a course.
  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int = 10,
    against classifier: any Classifier, seed: Seed
  ) throws -> [Tensor] {
    let random = RandomSource(seed, device: classifier.device)
    switch attack {
    case let attack as any AscentAttack:
      let threat = attack.threat(epsilon, against: classifier)
      return [images]
        + attack.ascent.path(images, goal, within: threat, against: classifier, random: random)
    case is any OneDirectionAttack, is any OnePathAttack:
      let budgets = (1...shares).map { epsilon * Double($0) / Double(shares) }
      return [images]
        + attack.sweep(images, goal, epsilons: budgets, against: classifier, random: seed)
    default:
      let known = AttackRegistry.all.filter {
        $0 is any AscentAttack.Type || $0 is any OneDirectionAttack.Type
          || $0 is any OnePathAttack.Type
      }
      throw Failure.usage(
        "\(name) has no steps that could be shown one by one",
        hint: "those that have: " + known.map { $0.name }.joined(separator: ", "))
    }
  }
}

extension GradientAscent {
  /// What images are after every step of the first start.
  func path(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> [Tensor] {
    var places: [Tensor] = []
    _ = climb(images, goal, threat, classifier, random) { places.append($0) }
    return places
  }
}
