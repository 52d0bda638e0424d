import Foundation
import Support

/// What a participant's page may know about a study: `study.json`.
///
/// It does not tell which model, attack or label a picture has. The only exceptions are the labels
/// of the practice pictures, which the page shows as feedback.
public struct Study: Codable, Equatable, Sendable {
  public var format = 1
  public var title: String
  /// The names of the classes. Answer `k` means `classNames[k]`.
  public var classNames: [String]
  /// The text that a participant agrees to before the study begins. It is plain text, and an empty
  /// line separates paragraphs.
  public var consent: String
  /// The text that a participant reads after the consent, in the same form.
  public var instructions: String
  /// The text of each question about a picture: the first asks for the most plausible label, the
  /// second, if there is one, for the second most plausible label.
  public var questions: [String]
  /// The text of the answer "no label is plausible".
  public var noneText: String
  /// The time limit of an answer in seconds; nil if there is none.
  public var secondsPerAnswer: Double?
  /// The number of participants that the study wants.
  public var participants: Int
  /// The number of lists of trials, which includes spare lists for participants who drop out.
  /// `trials.csv` numbers the lists from 1.
  public var slots: Int
  /// The width and height of every picture file in pixels.
  public var width: Int
  public var height: Int
  /// The names of all pictures in ascending order. The file of a picture is `images/<name>.png`.
  public var stimuli: [String]
  /// The label of every practice picture, by its name.
  public var practiceLabels: [String: Int]
  /// Sheets of pictures that participants may comment on after the last trial, in the order in
  /// which they are shown. The file of a sheet is `sheets/<name>.png`.
  public var sheets: [Sheet]

  // What follows is missing in the files of earlier versions, whose pages have none of it.

  /// The language of the texts as a tag of BCP 47, such as `en`.
  public var language: String?
  /// The texts of the page; English ones if they are missing. See `StudyTexts`.
  public var texts: [String: String]?
  /// Seconds between two pictures, in which the last answer can be undone.
  public var pause: Double?
  /// Whether the page asks to fill the screen.
  public var fullscreen: Bool?
  /// Whether the page measures the size of its pixels and the viewing distance.
  public var calibration: Bool?
  /// Questions about the participant, each of which may be left out.
  public var demographics: [Demographic]?
  /// Who is left out of the analysis. The rules are fixed before the first answer: the server and
  /// the export refuse a study whose file has changed since then. The page does not show them.
  public var exclusion: ExclusionRules?

  /// A question about the participant.
  public struct Demographic: Codable, Equatable, Sendable {
    public var name: String
    public var question: String
    public var choices: [String]

    public init(name: String, question: String, choices: [String]) {
      self.name = name
      self.question = question
      self.choices = choices
    }
  }

  /// Whether a participant can undo the last answer before they see the next picture. A time limit
  /// rules it out, because it would begin anew.
  public var canUndo: Bool { (pause ?? 0) > 0 && secondsPerAnswer == nil }

  /// A sheet of many pictures.
  public struct Sheet: Codable, Equatable, Sendable {
    public var name: String
    /// A sentence that says what rows and columns are.
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
    noneText: String, secondsPerAnswer: Double?, participants: Int, slots: Int, width: Int,
    height: Int, stimuli: [String], practiceLabels: [String: Int], sheets: [Sheet]
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

  /// Checks that the values fit together, since the file may have been edited.
  /// - Parameter file: the path of the file, for the error message.
  /// - Throws: `Failure.badData` about the first value that does not fit.
  func check(file: String) throws {
    func wrong(_ reason: String) -> Failure {
      .badData("\(file): \(reason)", hint: "sample the study again")
    }
    guard format == 1 else { throw wrong("expected format 1, found \(format)") }
    guard (2...1000).contains(classNames.count) else {
      throw wrong("expected 2 to 1000 classes, found \(classNames.count)")
    }
    guard (1...2).contains(questions.count) else {
      throw wrong("expected 1 or 2 questions, found \(questions.count)")
    }
    guard slots >= 1, participants >= 1, width >= 1, height >= 1 else {
      throw wrong("slots, participants, width and height must be at least 1")
    }
    if let name = (stimuli + sheets.map(\.name)).first(where: { !Self.isName($0) }) {
      throw wrong(
        "'\(name)' is not a picture's name; expected 1 to 64 letters, digits and hyphens")
    }
    guard Set(stimuli).count == stimuli.count else {
      throw wrong("two pictures have the same name")
    }
    guard
      practiceLabels.allSatisfy({
        stimuli.contains($0.key) && classNames.indices.contains($0.value)
      })
    else {
      throw wrong(
        "practiceLabels must name pictures of the study, and classes from 0 to "
          + "\(classNames.count - 1)"
      )
    }
    guard secondsPerAnswer.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw wrong("secondsPerAnswer must be a number above 0")
    }
    guard (0...60).contains(pause ?? 0) else {
      throw wrong("pause must be a number of seconds from 0 to 60")
    }
    let names = (demographics ?? []).map(\.name)
    guard Set(names).count == names.count, names.allSatisfy(Self.isName) else {
      throw wrong("each question of demographics needs a name of its own, of letters and digits")
    }
  }

  /// Whether a text can be the name of a picture: 1 to 64 ASCII letters, digits and hyphens, so
  /// that it is safe in paths and addresses.
  public static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      }
  }
}
