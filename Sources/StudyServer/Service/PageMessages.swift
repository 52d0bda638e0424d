import Foundation
import HumanStudy

/// What the page is told of a study before anybody has consented.
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
  /// Whether anybody may take part, or only who has a link.
  let isOpen: Bool
  /// Where to go when it is over.
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

/// Where a participant is; the page shows it and nothing else.
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
    /// The picture after it, to be loaded meanwhile.
    let following: String?
    let isPractice: Bool
    /// What was named as most plausible, when the second most plausible is asked for.
    let first: Int?
  }

  struct Sheet: Codable, Equatable, Sendable {
    let name: String
    let caption: String
    let width: Int
    let height: Int
  }

  struct Feedback: Codable, Equatable, Sendable {
    /// What the practice picture shows.
    let label: Int
    /// What was named first.
    let chosen: Int?
  }

  var stage: Stage
  var session = 0
  var practice = 0
  /// Trials, those of the practice included.
  var trials = 0
  var trial: Trial?
  /// On a practice trial that was just answered.
  var feedback: Feedback?
  var sheets: [Sheet]?
  var code: String?

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
  /// The class, if it is one.
  var label: Int? {
    guard case .label(let label) = self else { return nil }
    return label
  }
}

/// What the page sends.
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
    /// A class's number or `na`; nil when the time was over.
    let choice: String?
    let endedOn: HumanStudy.Answer.Ending
    let milliseconds: Double
  }

  struct Event: Codable, Sendable {
    enum Kind: String, Codable, Sendable {
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
    let sheet: String
    let text: String
  }

  struct Ticket: Codable, Sendable {
    let secret: String
  }

  /// A refusal, with where the participant is if that may help.
  struct Refused: Codable, Sendable {
    let error: String
    var state: PageState?
  }

  /// Longest comment, in bytes of UTF-8.
  static let commentLimit = 6_000
  /// Milliseconds in a day; nobody looks at a picture for longer.
  static let longestTime = 86_400_000.0

  /// `390x844 touch`: the size of the window and how it is pointed at.
  static func isScreen(_ text: String) -> Bool {
    text.wholeMatch(of: /[0-9]{1,5}x[0-9]{1,5} (touch|mouse)/) != nil
  }
}
