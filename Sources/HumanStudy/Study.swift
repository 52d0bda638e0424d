import Foundation
import Support

/// What a participant's page may know of a study: `study.json`. Nothing in it tells which model,
/// attack or label a picture has, but the right answers of the practice, which are shown anyway.
public struct Study: Codable, Equatable, Sendable {
  public var format = 1
  public var title: String
  /// Answer `k` means `classNames[k]`.
  public var classNames: [String]
  /// What a participant agrees to before anything else, plain text; an empty line separates
  /// paragraphs.
  public var consent: String
  public var instructions: String
  /// What is asked of every picture, one text a question: the most plausible label and, if there
  /// are two, the second most plausible.
  public var questions: [String]
  /// The text of the answer "none of them".
  public var noneText: String
  /// How long an answer may take; nil: as long as it takes.
  public var secondsPerAnswer: Double?
  /// How many participants are wanted.
  public var participants: Int
  /// How many lists of trials there are, with those in reserve for participants who drop out;
  /// `trials.csv` numbers them from 1.
  public var slots: Int
  /// The size of every picture in pixels, as stored.
  public var width: Int
  public var height: Int
  /// The name of every picture, in order; the file is `images/<name>.png`.
  public var stimuli: [String]
  /// The right answer of every practice picture.
  public var practiceLabels: [String: Int]
  /// Pictures to comment on freely when all trials are done, in the order they are shown; the file
  /// is `sheets/<name>.png`.
  public var sheets: [Sheet]

  /// A sheet of many pictures.
  public struct Sheet: Codable, Equatable, Sendable {
    public var name: String
    /// What rows and columns are.
    public var caption: String
    public var width: Int
    public var height: Int

    public init(name: String, caption: String, width: Int, height: Int) {
      self.name = name
      self.caption = caption
      self.width = width
      self.height = height
    }
  }

  public init(
    title: String, classNames: [String], consent: String, instructions: String, questions: [String],
    noneText: String,
    secondsPerAnswer: Double?, participants: Int, slots: Int, width: Int, height: Int,
    stimuli: [String],
    practiceLabels: [String: Int], sheets: [Sheet]
  ) {
    self.title = title
    self.classNames = classNames
    self.consent = consent
    self.instructions = instructions
    self.questions = questions
    self.noneText = noneText
    self.secondsPerAnswer = secondsPerAnswer
    self.participants = participants
    self.slots = slots
    self.width = width
    self.height = height
    self.stimuli = stimuli
    self.practiceLabels = practiceLabels
    self.sheets = sheets
  }

  /// Refuses what no sampler writes: names that are no plain words, labels that no class has,
  /// nothing to ask.
  /// - Throws: a sentence about it.
  func check(file: String) throws {
    func wrong(_ reason: String) -> Failure {
      .badData("\(file): \(reason)", hint: "sample the study again")
    }
    guard format == 1 else { throw wrong("format \(format), expected 1") }
    guard (2...1000).contains(classNames.count) else {
      throw wrong("\(classNames.count) classes, expected 2 to 1000")
    }
    guard (1...2).contains(questions.count) else {
      throw wrong("\(questions.count) questions, expected 1 or 2")
    }
    guard slots >= 1, participants >= 1, width >= 1, height >= 1 else {
      throw wrong("a number of participants, lists or pixels is below 1")
    }
    if let name = (stimuli + sheets.map(\.name)).first(where: { !Self.isName($0) }) {
      throw wrong("'\(name)' cannot be a picture's name")
    }
    guard Set(stimuli).count == stimuli.count else {
      throw wrong("two pictures have the same name")
    }
    guard
      practiceLabels.allSatisfy({
        stimuli.contains($0.key) && classNames.indices.contains($0.value)
      })
    else {
      throw wrong("a practice picture is none of the pictures, or has no class")
    }
    guard secondsPerAnswer.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw wrong("secondsPerAnswer is not positive")
    }
  }

  /// Names are words of letters, digits and hyphens, so that they can stand in paths and addresses.
  public static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      }
  }
}
