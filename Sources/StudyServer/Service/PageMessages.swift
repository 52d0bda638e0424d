import Foundation
import HumanStudy

/// What the page knows about a study before the participant has consented.
struct PageStudy: Encodable, Sendable {
  let title: String
  let classNames: [String]
  let consent: String
  let consentDigest: String
  let instructions: String
  let questions: [String]
  let noneText: String
  let secondsPerAnswer: Double?
  let width: Int
  let height: Int
  /// Whether people without a personal link may take part.
  let isOpen: Bool
  /// The address that the last page links to.
  let completionURL: String?

  init(_ loaded: LoadedStudy, isOpen: Bool, completionURL: String?) {
    let study = loaded.study
    title = study.title
    classNames = study.classNames
    consent = study.consent
    consentDigest = loaded.consentDigest
    instructions = study.instructions
    questions = study.questions
    noneText = study.noneText
    secondsPerAnswer = study.secondsPerAnswer
    width = study.width
    height = study.height
    self.isOpen = isOpen
    self.completionURL = completionURL
  }
}

/// Where a participant is in the study. The page shows exactly this state.
struct PageState: Codable, Equatable, Sendable {
  enum Stage: String, Codable, Sendable {
    case consent
    case trials
    case comments
    case finished
    case withdrawn
  }

  struct Trial: Codable, Equatable, Sendable {
    let position: Int
    let question: Int
    let stimulus: String
    /// The name of the next picture, which the page loads in advance.
    let following: String?
    let isPractice: Bool
    /// The class that was named as the most plausible one, if the second question is asked.
    let first: Int?
  }

  struct Sheet: Codable, Equatable, Sendable {
    let name: String
    let caption: String
    let width: Int
    let height: Int
  }

  struct Feedback: Codable, Equatable, Sendable {
    /// The label of the practice picture.
    let label: Int
    /// The class that the participant named first; nil for "none of them" and for a timeout.
    let chosen: Int?
  }

  var stage: Stage
  var session = 0
  /// The number of practice trials.
  var practice = 0
  /// The number of all trials, which includes practice.
  var trials = 0
  /// The trial to show, in the stage `trials`.
  var trial: Trial?
  /// Feedback on the practice trial that was just answered.
  var feedback: Feedback?
  /// The sheets to comment on, in the stage `comments`.
  var sheets: [Sheet]?
  /// The completion code, in the stage `finished`.
  var code: String?

  /// - Parameter answered: the question that was just answered. If it was the last one of a
  ///   practice trial, the state has feedback.
  init(_ participant: Participant, in loaded: LoadedStudy, answered: Course.Step? = nil) {
    session = participant.session
    guard let slot = participant.slot else {
      stage = .consent
      return
    }
    let course = loaded.course(slot: slot)
    trials = course.trials.count
    practice = course.trials.count { $0.phase == .practice }
    guard !participant.isWithdrawn else {
      stage = .withdrawn
      return
    }
    let step = course.next(after: participant.last)
    if let answered, step?.position != answered.position {
      let trial = course.trial(answered)
      if trial.phase == .practice, let label = loaded.study.practiceLabels[trial.stimulus] {
        feedback = Feedback(label: label, chosen: participant.first?.label)
      }
    }
    if let step {
      stage = .trials
      let trial = course.trial(step)
      self.trial = Trial(
        position: step.position, question: step.question, stimulus: trial.stimulus,
        following: step.position < course.trials.count
          ? course.trials[step.position].stimulus : nil,
        isPractice: trial.phase == .practice,
        first: step.question == 2 ? participant.first?.label : nil)
    } else if let code = participant.code {
      stage = .finished
      self.code = code
    } else {
      stage = .comments
      sheets = loaded.study.sheets.map {
        Sheet(name: $0.name, caption: $0.caption, width: $0.width, height: $0.height)
      }
    }
  }
}

extension Choice {
  /// The class that was chosen; nil for "none of them".
  var label: Int? {
    guard case .label(let label) = self else { return nil }
    return label
  }
}

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
    }
    let kind: Kind
    let position: Int
    let milliseconds: Double
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
