import Datasets
import Support

/// A human study as somebody asked for it, in an experiment file's `study:` or in a file of its
/// own.
///
/// The defaults are the design of A. Ross' thesis (2018): of the first five test images of each
/// class and every other class as a target, the examples that fool their model; of these each
/// participant sees one for each class and model, names the most and the second most plausible
/// label, and comments on a sheet of each model's examples.
public struct StudyDesign: Sendable, Equatable {
  public var title: String
  /// Where every list and order derives from.
  public var seed: Seed
  public var attacks: [String]
  /// The budgets; nil: each attack's largest.
  public var epsilons: [Double]?
  /// The models whose examples are shown; nil: all that have some.
  public var models: [String]?
  /// How many participants are wanted, and how many more lists there are for when some drop out.
  public var participants: Int
  public var spares: Int
  /// How many images of each class may be shown, from the first on.
  public var imagesPerClass: Int
  /// How many adversarial pictures a participant sees, repeats not counted; nil: one of each class
  /// for every condition.
  public var images: Int?
  /// How many of them are shown again, to see whether somebody answers the same.
  public var repeats: Int
  /// How many unchanged images are mixed in, to see who looks.
  public var checks: Int
  /// How many unchanged images come first, with feedback.
  public var practice: Int
  /// Between two pictures made of one image there are at least so many others.
  public var distance: Int
  /// The side of the block each pixel becomes; nil: so that pictures are about 280 pixels high.
  public var scale: Int?
  /// Whether the second most plausible label is asked too.
  public var secondChoice: Bool
  /// How long an answer may take; nil: as long as it takes.
  public var seconds: Double?
  /// Whether there are sheets to comment on at the end.
  public var sheets: Bool
  /// The rule by which participants are left out: they got fewer than this share of the checks
  /// right.
  public var checksRight: Double
  /// Whether those who did not finish are analysed as far as they came.
  public var keepUnfinished: Bool
  /// What participants agree to and what they are told; nil: a text that fits the design.
  public var consent: String?
  public var instructions: String?

  /// Reads a design and refuses the rest.
  /// - Parameter seed: the seed unless another is given.
  /// - Throws: `Failure.badData` with the line.
  public init(_ settings: Settings, seed fallback: Seed = Seed(1)) throws {
    title = try settings.string("title", default: "What do you see?", "what the page is called")
    seed = Seed(
      UInt64(
        try settings.int(
          "seed", default: Int(clamping: fallback.value), "where every list and order derives from")
      ))
    let name = settings.has("attack") ? "attack" : "attacks"
    attacks = try settings.strings(name, "the attacks whose examples are shown")
    guard !attacks.isEmpty, Set(attacks).count == attacks.count else {
      throw Failure.badData(
        "\(settings.place(of: name)): a study shows examples of at least one attack, each named once"
      )
    }
    epsilons =
      settings.has("epsilons")
      ? try settings.doubles("epsilons", "the budgets; each attack's largest if not given") : nil
    models =
      settings.has("models")
      ? try settings.strings("models", "the models whose examples are shown; all if not given")
      : nil
    if let models, models.isEmpty || Set(models).count < models.count {
      throw Failure.badData(
        "\(settings.place(of: "models")): a study shows examples of at least one model, each named once"
      )
    }
    participants = try settings.int(
      "participants", in: 1...100_000, "how many participants are wanted")
    spares = try settings.int(
      "spares", default: (participants + 3) / 4, in: 0...100_000,
      "lists in reserve for when some drop out")
    imagesPerClass = try settings.int(
      "imagesPerClass", default: 5, in: 1...100_000, "images of each class, from the first on")
    images = try settings.optionalInt(
      "images", in: 1...10_000,
      "adversarial pictures for a participant; one of each class and condition if not given")
    repeats = try settings.int(
      "repeats", default: 0, in: 0...10_000, "how many of them are shown again")
    checks = try settings.int(
      "checks", default: 0, in: 0...10_000, "unchanged images mixed in, to see who looks")
    practice = try settings.int(
      "practice", default: 3, in: 0...1_000, "unchanged images first, with feedback")
    distance = try settings.int(
      "distance", default: 2, in: 0...1_000, "other trials between two pictures made of one image")
    scale = try settings.optionalInt(
      "scale", in: 1...64,
      "the side of the block each pixel becomes; about 280 pixels high if not given")
    secondChoice = try settings.bool(
      "secondChoice", default: true, "whether the second most plausible label is asked")
    seconds = try settings.optionalDouble(
      "seconds", in: 0.1...86_400, "how long an answer may take")
    sheets = try settings.bool(
      "sheets", default: true, "whether there are sheets to comment on at the end")
    checksRight = try settings.double(
      "checksRight", default: 0.75, in: 0...1, "who gets fewer of the checks right is left out")
    keepUnfinished = try settings.bool(
      "keepUnfinished", default: false,
      "whether those who did not finish are analysed as far as they came")
    consent =
      settings.has("consent") ? try settings.string("consent", "what participants agree to") : nil
    instructions =
      settings.has("instructions")
      ? try settings.string("instructions", "what participants are told") : nil
    try settings.finish("a study")
  }

  /// Refuses attacks and models that an experiment has not.
  func check(
    _ settings: Settings, attacks known: [(name: String, epsilons: [Double])], models: [String]
  ) throws {
    for name in attacks {
      let place = settings.place(of: settings.has("attack") ? "attack" : "attacks")
      guard let attack = known.first(where: { $0.name == name }) else {
        throw Failure.badData(
          "\(place): a study of unknown attack '\(name)'",
          hint: hint(for: name, among: known.map(\.name)))
      }
      if let missing = (epsilons ?? []).first(where: { !attack.epsilons.contains($0) }) {
        throw Failure.badData(
          "\(settings.place(of: "epsilons")): \(name) is not run with \(missing.plainDecimal)",
          hint: "it is run with " + attack.epsilons.map(\.plainDecimal).joined(separator: ", "))
      }
    }
    for name in self.models ?? [] where !models.contains(name) {
      throw Failure.badData(
        "\(settings.place(of: "models")): a study of unknown model '\(name)'",
        hint: hint(for: name, among: models))
    }
  }

  /// Everything as it would be written in a file.
  var entries: [(name: String, values: [String], isList: Bool)] {
    func one(_ name: String, _ value: String?) -> [(name: String, values: [String], isList: Bool)] {
      value.map { [(name, [$0], false)] } ?? []
    }
    return one("title", title) + one("seed", "\(seed.value)") + [("attacks", attacks, true)]
      + (epsilons.map { [("epsilons", $0.map(\.plainDecimal), true)] } ?? [])
      + (models.map { [("models", $0, true)] } ?? [])
      + one("participants", "\(participants)") + one("spares", "\(spares)")
      + one("imagesPerClass", "\(imagesPerClass)")
      + one("images", images.map(String.init)) + one("repeats", "\(repeats)")
      + one("checks", "\(checks)")
      + one("practice", "\(practice)") + one("distance", "\(distance)")
      + one("scale", scale.map(String.init))
      + one("secondChoice", "\(secondChoice)") + one("seconds", seconds?.plainDecimal)
      + one("sheets", "\(sheets)")
      + one("checksRight", checksRight.plainDecimal) + one("keepUnfinished", "\(keepUnfinished)")
      + one("consent", consent) + one("instructions", instructions)
  }
}

extension Experiment {
  /// How many images' examples are kept of an attack, from the first on: those that are exported,
  /// and as many as it takes to have the study's number of each class.
  func keptImages(of attack: String, _ data: LabelledImages) -> Int {
    let exported = images.map { $0.attacks.contains(attack) ? $0.count : 0 } ?? 0
    guard let study, study.attacks.contains(attack) else { return exported }
    var missing = [Int](repeating: study.imagesPerClass, count: data.classCount)
    var rest = missing.count * study.imagesPerClass
    for (place, label) in data.labels.int64s().enumerated() where missing[Int(label)] > 0 {
      missing[Int(label)] -= 1
      rest -= 1
      if rest == 0 { return max(exported, place + 1) }
    }
    return max(exported, data.count)
  }
}
