import Support

/// How many examples of one group a model classifies correctly.
public struct GroupAccuracy: Equatable, Sendable {
  /// The number of the group in the data.
  public let group: Int
  /// The name of the group; its number if the data do not name it.
  public let name: String
  /// The number of its examples, at least 1.
  public let examples: Int
  /// The number of images that the examples were made from.
  public let images: Int
  /// How many of the examples the model classifies as their true label.
  public let correct: Int

  /// - Parameters:
  ///   - name: nil for the number of the group.
  ///   - images: nil if each example is made from an image of its own.
  /// - Precondition: `examples` ≥ `images` ≥ 1, and `correct` lies in `0...examples`.
  public init(
    group: Int, name: String? = nil, examples: Int, images: Int? = nil, correct: Int
  ) {
    precondition(1...examples ~= images ?? examples && 0...examples ~= correct && group >= 0)
    self.group = group
    self.name = name ?? "\(group)"
    self.examples = examples
    self.images = images ?? examples
    self.correct = correct
  }

  /// correct / examples.
  public var accuracy: Double { Double(correct) / Double(examples) }

  /// The Wilson 95 % interval of the accuracy in this group alone. It counts images and not
  /// examples, because the examples of one image are not independent.
  public var interval: ClosedRange<Double> {
    wilsonInterval(successes: effectiveCorrect, of: Double(images))
  }

  /// The number of correct images that the accuracy is worth.
  var effectiveCorrect: Double { accuracy * Double(images) }
}

/// In JSON a group also has its accuracy and its interval, for other programs.
extension GroupAccuracy: Codable {
  private enum Key: String, CodingKey {
    case group, name, examples, images, correct, accuracy
    case lower = "ci_low"
    case upper = "ci_high"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(group, forKey: .group)
    try container.encode(name, forKey: .name)
    try container.encode(examples, forKey: .examples)
    try container.encode(images, forKey: .images)
    try container.encode(correct, forKey: .correct)
    try container.encode(accuracy.roundedToMillionths, forKey: .accuracy)
    try container.encode(interval.lowerBound.roundedToMillionths, forKey: .lower)
    try container.encode(interval.upperBound.roundedToMillionths, forKey: .upper)
  }

  /// - Throws: `Failure.badData` for counts that no evaluation can have.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    group = try container.decode(Int.self, forKey: .group)
    name = try container.decode(String.self, forKey: .name)
    examples = try container.decode(Int.self, forKey: .examples)
    images = try container.decode(Int.self, forKey: .images)
    correct = try container.decode(Int.self, forKey: .correct)
    guard group >= 0, images >= 1, examples >= images, 0...examples ~= correct else {
      throw Failure.badData(
        "group \(name): \(correct) correct of \(examples) examples of \(images) images")
    }
  }
}
