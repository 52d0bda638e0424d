import Support

/// What the maker of an adversarial example knew of its victim.
public enum AttackerKnowledge: String, Codable, Sendable {
  /// The examples were made on the victim itself.
  case whiteBox = "white-box"
  /// The examples were made on another model and carried over.
  case blackBox = "black-box"
}

/// One measurement: the examples that one attack made on one model within one budget, shown to one
/// model.
public struct GridCell: Equatable, Sendable {
  public let attack: String
  /// The budget, in the units of the attack (for most: of pixel values in [0, 1]); 0 means the
  /// unchanged images.
  public let epsilon: Double
  /// The model on which the examples were made.
  public let source: String
  /// The model to which they were shown.
  public let victim: String
  public let examples: Int
  /// How many images the examples were made of: fewer than those where an attack aims at several
  /// classes, one after the other.
  public let images: Int
  /// How many examples the victim still gave their true label.
  public let correct: Int
  /// How many examples the victim gave the label the attack aimed at; nil for an attack without an
  /// aim.
  public let targetedHits: Int?
  /// What became of the examples of images that source and victim both had right; nil if the source
  /// was not asked.
  public let clean: FromBothRight?

  /// Examples of images that, unchanged, source and victim both give their label: what an attack
  /// can be credited with.
  public struct FromBothRight: Equatable, Sendable {
    public let bothRight: Int
    /// How many of them the victim still has right.
    public let keptRight: Int

    /// The fraction that the victim gets wrong; nil if there are none.
    public var success: Double? { bothRight == 0 ? nil : 1 - Double(keptRight) / Double(bothRight) }
  }

  /// - Parameter images: as many as examples unless told otherwise.
  /// - Precondition: `examples` ≥ `images` ≥ 1, and both counts are within 0...`examples`.
  public init(
    attack: String, epsilon: Double, source: String, victim: String, examples: Int,
    images: Int? = nil, correct: Int,
    targetedHits: Int? = nil, clean: FromBothRight? = nil
  ) {
    precondition(
      1...examples ~= images ?? examples && 0...examples ~= correct
        && 0...examples ~= targetedHits ?? 0)
    self.images = images ?? examples
    self.attack = attack
    self.epsilon = epsilon
    self.source = source
    self.victim = victim
    self.examples = examples
    self.correct = correct
    self.targetedHits = targetedHits
    self.clean = clean
  }

  public var setting: AttackerKnowledge { source == victim ? .whiteBox : .blackBox }

  /// The fraction of the examples that the victim classified correctly.
  public var accuracy: Double { Double(correct) / Double(examples) }

  /// Wilson's 95 % interval of the accuracy.
  ///
  /// Examples of one image may stand and fall together, so that they count as one: as wide as if
  /// they always did.
  public var interval: ClosedRange<Double> {
    wilsonInterval(successes: accuracy * Double(images), of: Double(images))
  }

  /// The fraction of the examples that the victim classified as the attack wanted; nil for an
  /// attack without an aim.
  public var targetedSuccess: Double? { targetedHits.map { Double($0) / Double(examples) } }
}

/// In JSON a cell carries what follows from its counts too, for other readers; here it is computed
/// anew.
extension GridCell: Codable {
  private enum Key: String, CodingKey {
    case attack, epsilon, source, victim, setting, examples, images, correct, accuracy
    case lower = "ci_low"
    case upper = "ci_high"
    case targetedHits = "targeted_hits"
    case targetedSuccess = "targeted_success"
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
    try container.encodeIfPresent(clean?.bothRight, forKey: .bothRight)
    try container.encodeIfPresent(clean?.keptRight, forKey: .keptRight)
    try container.encodeIfPresent(clean?.success?.roundedToMillionths, forKey: .success)
  }

  /// - Throws: `Failure.badData` for a budget or counts that no evaluation can have produced.
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
    let bothRight = try container.decodeIfPresent(Int.self, forKey: .bothRight)
    clean = try bothRight.map {
      FromBothRight(bothRight: $0, keptRight: try container.decode(Int.self, forKey: .keptRight))
    }

    func refuse(_ reason: String) -> Failure { .badData("\(name): \(reason)") }
    guard epsilon.isFinite, epsilon >= 0 else { throw refuse("epsilon must be at least 0") }
    guard examples >= 1 else { throw refuse("\(examples) examples, expected at least 1") }
    guard 1...examples ~= images else { throw refuse("\(images) images of \(examples) examples") }
    guard 0...examples ~= correct else {
      throw refuse("\(correct) correct of \(examples) examples")
    }
    guard 0...examples ~= targetedHits ?? 0 else {
      throw refuse("\(targetedHits ?? 0) targeted hits of \(examples) examples")
    }
    if let clean,
      !(0...examples ~= clean.bothRight && 0...min(clean.bothRight, correct) ~= clean.keptRight)
    {
      throw refuse(
        "\(clean.keptRight) right of \(clean.bothRight) that both had right, of \(examples) examples"
      )
    }
  }

  /// How a message names the cell: `fgsm, epsilon 0.1, normal to distilled`.
  public var name: String { "\(attack), epsilon \(epsilon.plainDecimal), \(source) to \(victim)" }
}
