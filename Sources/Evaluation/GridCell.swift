import Support

/// What the attacker knew about the victim.
public enum AttackerKnowledge: String, Codable, Sendable {
  /// The examples were made on the victim itself.
  case whiteBox = "white-box"
  /// The examples were made on another model.
  case blackBox = "black-box"
}

/// One measurement: the examples that an attack made on a source model within a budget, classified
/// by a victim.
public struct GridCell: Equatable, Sendable {
  public let attack: String
  /// The budget, in the unit of the data; for attacks in ℓ0, such as the Jacobian saliency map, a
  /// share of the pixels. 0 stands for the unchanged images.
  public let epsilon: Double
  /// The model on which the examples were made.
  public let source: String
  /// The model to which the examples were shown.
  public let victim: String
  /// The number of examples.
  public let examples: Int
  /// The number of images that the examples were made from. An attack towards several target
  /// classes makes several examples of each image.
  public let images: Int
  /// How many examples the victim classified as their true label.
  public let correct: Int
  /// How many examples the victim classified as their target class; nil for an untargeted attack.
  public let targetedHits: Int?
  /// How many images were left out because they have the label that the attack aims at. They are in
  /// none of the other numbers.
  public let excluded: Int
  /// The examples whose unchanged images source and victim both classify correctly; nil if the
  /// source is not one of the victims.
  public let clean: FromBothRight?
  /// What several judgements of the examples gave, of which the first is counted in `correct`; nil
  /// if there was one.
  public let judgements: Judgements?

  /// The examples whose unchanged images source and victim both classify correctly. Only for these
  /// is a misclassification the work of the attack.
  public struct FromBothRight: Equatable, Sendable {
    /// The number of these examples.
    public let bothRight: Int
    /// How many of them the victim still classifies correctly.
    public let keptRight: Int

    /// The fraction of them that the victim misclassifies; nil if there are none.
    public var success: Double? { bothRight == 0 ? nil : 1 - Double(keptRight) / Double(bothRight) }
  }

  /// - Parameter images: the number of images; nil if each example is made of an image of its own.
  /// - Precondition: `examples` ≥ `images` ≥ 1, and the counts lie in `0...examples`.
  public init(
    attack: String, epsilon: Double, source: String, victim: String, examples: Int,
    images: Int? = nil, correct: Int,
    targetedHits: Int? = nil, excluded: Int = 0, clean: FromBothRight? = nil,
    judgements: Judgements? = nil
  ) {
    precondition(
      1...examples ~= images ?? examples && 0...examples ~= correct
        && 0...examples ~= targetedHits ?? 0 && excluded >= 0)
    self.judgements = judgements
    self.images = images ?? examples
    self.attack = attack
    self.epsilon = epsilon
    self.source = source
    self.victim = victim
    self.examples = examples
    self.correct = correct
    self.targetedHits = targetedHits
    self.excluded = excluded
    self.clean = clean
  }

  /// White-box if source and victim are the same model.
  public var setting: AttackerKnowledge { source == victim ? .whiteBox : .blackBox }

  /// The fraction of the examples that the victim classified correctly.
  public var accuracy: Double { Double(correct) / Double(examples) }

  /// The Wilson 95 % interval of the accuracy.
  ///
  /// The interval counts images and not examples, because the examples of one image are not
  /// independent. It is as wide as if a victim got either all examples of an image right or none.
  public var interval: ClosedRange<Double> {
    wilsonInterval(successes: accuracy * Double(images), of: Double(images))
  }

  /// The fraction of the examples that the victim classified as their target class; nil for an
  /// untargeted attack.
  public var targetedSuccess: Double? { targetedHits.map { Double($0) / Double(examples) } }
}

/// In JSON a cell also has the numbers that follow from its counts, for other programs. Reading a
/// cell computes them again.
extension GridCell: Codable {
  private enum Key: String, CodingKey {
    case attack, epsilon, source, victim, setting, examples, images, correct, accuracy
    case lower = "ci_low"
    case upper = "ci_high"
    case targetedHits = "targeted_hits"
    case targetedSuccess = "targeted_success"
    case excluded
    case bothRight = "both_right"
    case keptRight = "kept_right"
    case success
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(attack, forKey: .attack)
    try container.encode(epsilon, forKey: .epsilon)
    try container.encode(source, forKey: .source)
    try container.encode(victim, forKey: .victim)
    try container.encode(setting, forKey: .setting)
    try container.encode(examples, forKey: .examples)
    try container.encode(images, forKey: .images)
    try container.encode(correct, forKey: .correct)
    try container.encode(accuracy.roundedToMillionths, forKey: .accuracy)
    try container.encode(interval.lowerBound.roundedToMillionths, forKey: .lower)
    try container.encode(interval.upperBound.roundedToMillionths, forKey: .upper)
    try container.encodeIfPresent(targetedHits, forKey: .targetedHits)
    try container.encodeIfPresent(targetedSuccess?.roundedToMillionths, forKey: .targetedSuccess)
    try container.encode(excluded, forKey: .excluded)
    try container.encodeIfPresent(clean?.bothRight, forKey: .bothRight)
    try container.encodeIfPresent(clean?.keptRight, forKey: .keptRight)
    try container.encodeIfPresent(clean?.success?.roundedToMillionths, forKey: .success)
    try judgements?.encode(to: encoder)
  }

  /// - Throws: `Failure.badData` for a budget or for counts that no evaluation can have.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    attack = try container.decode(String.self, forKey: .attack)
    epsilon = try container.decode(Double.self, forKey: .epsilon)
    source = try container.decode(String.self, forKey: .source)
    victim = try container.decode(String.self, forKey: .victim)
    examples = try container.decode(Int.self, forKey: .examples)
    images = try container.decode(Int.self, forKey: .images)
    correct = try container.decode(Int.self, forKey: .correct)
    targetedHits = try container.decodeIfPresent(Int.self, forKey: .targetedHits)
    // Earlier versions attacked every image.
    excluded = try container.decodeIfPresent(Int.self, forKey: .excluded) ?? 0
    let bothRight = try container.decodeIfPresent(Int.self, forKey: .bothRight)
    clean = try bothRight.map {
      FromBothRight(bothRight: $0, keptRight: try container.decode(Int.self, forKey: .keptRight))
    }
    judgements = try Judgements(
      from: decoder, examples: examples,
      cell: "\(attack), epsilon \(epsilon.plainDecimal), \(source) to \(victim)")

    func refuse(_ reason: String) -> Failure { .badData("\(name): \(reason)") }
    func check(_ count: Int, _ name: String, in range: ClosedRange<Int>) throws {
      guard range ~= count else {
        throw refuse(
          "\(name): expected a number from \(range.lowerBound) to \(range.upperBound), "
            + "found \(count)")
      }
    }
    guard epsilon.isFinite, epsilon >= 0 else { throw refuse("epsilon must be at least 0") }
    guard examples >= 1 else { throw refuse("examples: expected at least 1, found \(examples)") }
    try check(images, "images", in: 1...examples)
    try check(correct, "correct", in: 0...examples)
    try check(targetedHits ?? 0, "targeted_hits", in: 0...examples)
    guard excluded >= 0 else { throw refuse("excluded: expected at least 0, found \(excluded)") }
    if let clean {
      try check(clean.bothRight, "both_right", in: 0...examples)
      try check(clean.keptRight, "kept_right", in: 0...min(clean.bothRight, correct))
    }
  }

  /// The cell in messages: `fgsm, epsilon 0.1, normal to distilled`.
  public var name: String { "\(attack), epsilon \(epsilon.plainDecimal), \(source) to \(victim)" }
}
