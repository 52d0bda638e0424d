import Evaluation
import Support

/// What is known about one time that a participant opened the page: a row of `sessions.csv`.
public struct SessionRecord: Equatable, Sendable {
  public var participant: String
  /// How many times the participant had opened the page by then, counted from 1.
  public var session: Int
  /// When the page was opened, as ISO 8601.
  public var opened: String
  /// The size of the window in pixels of the page.
  public var width: Int
  public var height: Int
  /// Whether the participant points by touch.
  public var isTouch: Bool
  /// The measured size of a pixel of the page, and the distance of the eye from the screen; nil if
  /// they were not measured in this session.
  public var pixelsPerMillimetre: Double?
  public var distanceMillimetres: Double?

  public init(
    participant: String, session: Int, opened: String, width: Int, height: Int, isTouch: Bool,
    pixelsPerMillimetre: Double? = nil, distanceMillimetres: Double? = nil
  ) {
    self.participant = participant
    self.session = session
    self.opened = opened
    self.width = width
    self.height = height
    self.isTouch = isTouch
    self.pixelsPerMillimetre = pixelsPerMillimetre
    self.distanceMillimetres = distanceMillimetres
  }

  static let columns = [
    "participant", "session", "opened", "window_width", "window_height", "touch", "pixels_per_mm",
    "distance_mm",
  ]

  init(_ row: CSVReader.Row) throws {
    participant = row.text("participant")
    session = try row.int("session", in: 1...1_000_000)
    opened = row.text("opened")
    width = try row.int("window_width", in: 0...99_999)
    height = try row.int("window_height", in: 0...99_999)
    isTouch = try row.truth("touch")
    pixelsPerMillimetre = try row.optionalDouble("pixels_per_mm")
    distanceMillimetres = try row.optionalDouble("distance_mm")
  }

  var fields: [String] {
    [
      participant, "\(session)", opened, "\(width)", "\(height)", isTouch ? "true" : "false",
      pixelsPerMillimetre?.roundedToMillionths.plainDecimal ?? "",
      distanceMillimetres?.roundedToMillionths.plainDecimal ?? "",
    ]
  }
}

/// What a participant answered about themselves: a row of `demographics.csv`.
public struct DemographicAnswer: Equatable, Sendable {
  public var participant: String
  /// The name of the question, such as `age`.
  public var question: String
  /// The words of the choice, in the study's language.
  public var choice: String

  public init(participant: String, question: String, choice: String) {
    self.participant = participant
    self.question = question
    self.choice = choice
  }

  static let columns = ["participant", "question", "choice"]

  init(_ row: CSVReader.Row) throws {
    participant = row.text("participant")
    question = row.text("question")
    choice = row.text("choice")
  }

  var fields: [String] { [participant, question, choice] }
}

extension CSVReader.Row {
  /// True or false, in lower or upper case.
  func truth(_ column: String) throws -> Bool {
    switch text(column).lowercased() {
    case "true": true
    case "false": false
    default: throw wrong(column, "true or false")
    }
  }
}
