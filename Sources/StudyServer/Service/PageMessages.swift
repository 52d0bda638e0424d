import Foundation
import HumanStudy

/// The messages that the page sends.
enum PageMessage {
  struct Consent: Codable, Sendable {
    let consent: String
    let external: [String: String]
    let screen: String
  }

  struct Opening: Codable, Sendable {
    let screen: String
  }

  struct Answer: Codable, Sendable {
    let position: Int
    let question: Int
    /// The number of a class or `na`; nil after a timeout.
    let choice: String?
    let endedOn: HumanStudy.Answer.Ending
    let milliseconds: Double
  }

  /// Something that happened to the page.
  struct Event: Codable, Sendable {
    enum Kind: String, Codable, CaseIterable, Sendable {
      case blur
      case focus
      case hidden
      case visible
      case reload
      case fullscreen
      case windowed
    }
    let kind: Kind
    let position: Int
    let milliseconds: Double
  }

  /// The question of the answer that is taken back.
  struct Undo: Codable, Sendable {
    let position: Int
    let question: Int
  }

  /// What the participant answers about themselves: the number of the choice for each question,
  /// counted from 0.
  struct Demographics: Codable, Sendable {
    let choices: [String: Int]
  }

  /// The measured size of a pixel of the page, and the distance of the eye from the screen; nil if
  /// the participant skipped the measurement.
  struct Calibration: Codable, Sendable {
    let pixelsPerMillimetre: Double?
    let distanceMillimetres: Double?

    /// Whether the values are possible ones: up to 100 pixels for a millimetre, and up to 10 metres.
    var isPossible: Bool {
      [(pixelsPerMillimetre, 100.0), (distanceMillimetres, 10_000)].allSatisfy { value, most in
        value.map { $0 > 0 && $0 <= most } ?? true
      }
    }
  }

  struct Comment: Codable, Sendable {
    /// The name of the sheet that the comment is about; empty for a comment about the whole study.
    let sheet: String
    let text: String

    /// Whether the comment is short enough and about a sheet that the study has.
    func fits(_ study: Study) -> Bool {
      text.utf8.count <= PageMessage.commentLimit && !text.contains("\0")
        && (sheet.isEmpty || study.sheets.contains { $0.name == sheet })
    }
  }

  struct Ticket: Codable, Sendable {
    let secret: String
  }

  /// A refusal, with the participant's state if the participant is known.
  struct Refused: Codable, Sendable {
    let error: String
    var state: PageState?
  }

  /// The length of the longest comment, in bytes of UTF-8.
  static let commentLimit = 6_000
  /// The longest time that is accepted, in milliseconds: one day.
  static let longestTime = 86_400_000.0

  /// Whether a number of milliseconds is a time that the page can have measured.
  static func isTime(_ milliseconds: Double) -> Bool { (0...longestTime).contains(milliseconds) }

  /// Whether a text describes a screen, such as `390x844 touch`: the size of the window and the
  /// kind of pointer.
  static func isScreen(_ text: String) -> Bool {
    text.wholeMatch(of: /[0-9]{1,5}x[0-9]{1,5} (touch|mouse)/) != nil
  }
}
