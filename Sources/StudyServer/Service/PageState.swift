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
  /// Seconds between two pictures.
  let pause: Double
  /// Whether the last answer can be undone before the next picture is shown.
  let canUndo: Bool
  let asksFullscreen: Bool
  let asksCalibration: Bool
  let demographics: [Study.Demographic]
  /// Whether people without a personal link may take part.
  let isOpen: Bool
  /// Whether the study is being tried out.
  let isPilot: Bool

  init(_ loaded: LoadedStudy, isOpen: Bool, isPilot: Bool) {
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
    pause = study.pause ?? 0
    canUndo = study.canUndo
    asksFullscreen = study.fullscreen ?? false
    asksCalibration = study.calibration ?? false
    demographics = study.demographics ?? []
    self.isOpen = isOpen
    self.isPilot = isPilot
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
  /// Whether the page should measure the size of its pixels and the viewing distance.
  var needsCalibration: Bool?
  /// The completion code and the address to return to, in the stage `finished` only: whoever knows
  /// the address can claim to have taken part.
  var code: String?
  var completionURL: String?

  /// - Parameters:
  ///   - completionURL: the address to return to, which the state has only if the participant has
  ///     finished.
  ///   - answered: the question that was just answered. If it was the last one of a practice trial,
  ///     the state has feedback.
  init(
    _ participant: Participant, in loaded: LoadedStudy, completionURL: String? = nil,
    answered: Course.Step? = nil
  ) {
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
      if loaded.study.calibration == true, !participant.isCalibrated { needsCalibration = true }
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
      self.completionURL = completionURL
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
