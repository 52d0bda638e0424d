import Datasets
import Support

/// The design of a human study, as `study:` in an experiment file or a file of its own states it.
///
/// The defaults are the design of A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018), with controls. The design uses the first five test images of each class
/// and, for each image, the examples towards every other class that fool their source model. A
/// participant sees one of these for each class and model, names the most and the second most
/// plausible label, and comments on a sheet of each model's examples. The thesis had no control
/// conditions and no checks of attention.
public struct StudyDesign: Configurable, Equatable {
  /// The title of the page; nil for the one of the language.
  public var title: String?
  /// The language of the page: one of `languages`, or the path of a file of texts.
  public var language = "en"
  /// The seed of the lists and of their orders.
  public var seed: Seed
  /// The attacks whose examples are shown, at least one. Required.
  public var attacks: [String] = []
  /// The budgets; nil for the largest budget of each attack.
  public var epsilons: [Double]?
  /// The models whose examples are shown; nil for all models that have examples.
  public var models: [String]?
  /// How many participants are wanted. Required.
  public var participants = 0
  /// How many more lists there are, for participants who replace others; a quarter of
  /// `participants`, rounded up, unless stated.
  public var spares = 0
  /// The number of images of each class that pictures are made from, counted from the first.
  public var imagesPerClass = 5
  /// How many adversarial pictures a participant sees, repeats not counted; nil for one of each
  /// class and condition.
  public var images: Int?
  /// How many of these pictures are shown a second time, to see whether the answer is the same.
  public var repeats = 0
  /// How many unchanged pictures of the clean control a participant sees; nil for as many as of
  /// each condition, 0 for none.
  public var clean: Int?
  /// How many pictures of the noise control a participant sees; nil for as many as of each
  /// condition, 0 for none.
  public var noise: Int?
  /// How many unchanged pictures are mixed in, to check attention.
  public var checks = 4
  /// How many unchanged pictures come first, with feedback.
  public var practice = 3
  /// The smallest number of other trials between two pictures of one image.
  public var distance = 2
  /// Each pixel of an image becomes a block with this side; nil makes pictures about 280 pixels
  /// high.
  public var scale: Int?
  /// Whether the second most plausible label is asked for, too.
  public var secondChoice = true
  /// The time limit of an answer in seconds; nil for none.
  public var seconds: Double?
  /// Seconds between two pictures, in which the last answer can be undone; 0 for neither.
  public var pause = 1.5
  /// Whether the page asks to fill the screen.
  public var fullscreen = false
  /// Whether the page measures the size of its pixels and the viewing distance.
  public var calibration = false
  /// The questions about the participant, some of `demographicQuestions`. Each may be left out.
  public var demographics: [String] = []
  /// Whether participants can comment on sheets of pictures at the end.
  public var sheets = true
  /// The share of the checks that a participant must answer correctly. Others are left out.
  public var checksRight = 0.75
  /// Participants whose median time for a picture is shorter are left out; in seconds.
  public var fastest = 0.3
  /// Whether the answers of participants who did not finish are analysed.
  public var keepUnfinished = false
  /// What participants agree to; nil for a text that fits the design.
  public var consent: String?
  /// What participants are told to do; nil for a text that fits the design.
  public var instructions: String?

  /// The languages whose texts are built in.
  public static let languages = ["en", "de"]
  /// The questions about participants that a study may ask.
  public static let demographicQuestions = ["age", "gender", "vision", "experience"]

  public static let settings: [Setting<StudyDesign>] = [
    .language, .seed, .attacks, .epsilons, .models, .participants, .spares,
    .int(
      "imagesPerClass", \.imagesPerClass, in: 1...100_000,
      "how many images of each class the pictures are made from"),
    .optionalInt(
      "images", \.images, in: 1...10_000,
      "adversarial pictures for a participant; one of each class and condition if not given"),
    .int("repeats", \.repeats, in: 0...10_000, "how many of them are shown a second time"),
    .optionalInt(
      "clean", \.clean, in: 0...10_000,
      "unchanged pictures as a control condition; as many as of each condition if not given"),
    .optionalInt(
      "noise", \.noise, in: 0...10_000,
      "pictures with random noise as a control condition; as many as of each condition if not given"
    ),
    .int("checks", \.checks, in: 0...10_000, "unchanged pictures that check attention"),
    .int("practice", \.practice, in: 0...1_000, "unchanged pictures first, with feedback"),
    .int(
      "distance", \.distance, in: 0...1_000, "other trials between two pictures of one image"),
    .optionalInt(
      "scale", \.scale, in: 1...64,
      "the side of the block each pixel becomes; about 280 pixels high if not given"),
    .bool(
      "secondChoice", \.secondChoice, "whether the second most plausible label is asked for"),
    .optionalDouble("seconds", \.seconds, in: 0.1...86_400, "the time limit of an answer"),
    .double(
      "pause", \.pause, in: 0...60,
      "seconds between two pictures, in which the last answer can be undone"),
    .bool("fullscreen", \.fullscreen, "whether the page asks to fill the screen"),
    .bool(
      "calibration", \.calibration,
      "whether the page measures the size of its pixels and the viewing distance"),
    .demographics,
    .bool("sheets", \.sheets, "whether there are sheets to comment on at the end"),
    .double(
      "checksRight", \.checksRight, in: 0...1,
      "participants who answer a smaller share of the checks correctly are left out"),
    .double(
      "fastest", \.fastest, in: 0...60,
      "participants whose median time for a picture is shorter are left out; seconds"),
    .bool(
      "keepUnfinished", \.keepUnfinished,
      "whether the answers of participants who did not finish are analysed"),
    .text("title", \.title, "the title of the page"),
    .text("consent", \.consent, "what participants agree to"),
    .text("instructions", \.instructions, "what participants are told to do"),
  ]

  /// Reads a design.
  /// - Parameter seed: the seed if the settings state none.
  /// - Throws: `Failure.badData` with the place of a setting that is missing, unknown or wrong.
  public init(_ given: Settings, seed: Seed = Seed(1)) throws {
    self.seed = seed
    try read(given)
    try given.finish("a study")
  }

  /// Checks that an experiment has the attacks, budgets and models of this design.
  /// - Parameter given: the settings that the design was read from, for the places of errors.
  /// - Throws: `Failure.badData` with the place and the nearest name.
  func check(
    _ given: Settings, attacks known: [(name: String, epsilons: [Double])], models: [String]
  ) throws {
    for name in attacks {
      guard let attack = known.first(where: { $0.name == name }) else {
        throw Failure.badData(
          "\(given.place(of: given.attacksName)): study: unknown attack '\(name)'",
          hint: hint(for: name, among: known.map(\.name)))
      }
      if let missing = (epsilons ?? []).first(where: { !attack.epsilons.contains($0) }) {
        throw Failure.badData(
          "\(given.place(of: "epsilons")): \(name) is not run with \(missing.plainDecimal)",
          hint: "it is run with " + attack.epsilons.map(\.plainDecimal).joined(separator: ", "))
      }
    }
    for name in self.models ?? [] where !models.contains(name) {
      throw Failure.badData(
        "\(given.place(of: "models")): study: unknown model '\(name)'",
        hint: hint(for: name, among: models))
    }
  }
}

extension Experiment {
  /// The number of images, counted from the first, whose examples of an attack are kept: enough for
  /// the export of pictures and for the study, which needs `imagesPerClass` images of each class.
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
