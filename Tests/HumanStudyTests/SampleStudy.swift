import Evaluation
import Foundation
import Support
import TestSupport

@testable import HumanStudy

/// A study of ten classes to which a test adds pictures and answers one by one.
final class SampleStudy {
  /// An answer about a picture with label 3 and target 7.
  enum Saying {
    case target, targetSecond, nothing, original, other
  }

  let folder: StudyFolder
  private let temporary = TemporaryFolder()
  private var key: [Stimulus] = []
  private var answers: [Answer] = []
  private var people: [ParticipantRecord] = []
  private var positions: [String: Int] = [:]

  init() { folder = StudyFolder(temporary.url) }

  /// Adds a picture.
  /// - Parameters:
  ///   - source: the source model; nil for a check or a control.
  ///   - image: the place in the data set of the image that it is made of.
  ///   - kind: what a picture without a source model is.
  /// - Returns: the picture's name.
  @discardableResult
  func picture(
    _ source: String?, image: Int, label: Int = 3, target: Int = 7, kind: Stimulus.Kind = .clean
  ) -> String {
    let name = "s\(key.count)"
    key.append(
      source.map {
        Stimulus(
          name: name, sha256: "", kind: .adversarial, data: "digits:test", index: image,
          label: label, target: target, source: $0, attack: "jsma", epsilon: 0.25,
          predicted: target, confidence: 0.9)
      }
        ?? Stimulus(
          name: name, sha256: "", kind: kind, data: "digits:test", index: image, label: label,
          target: kind == .clean ? nil : target))
    return name
  }

  /// Adds a participant's answer about a picture. A first choice of nil is a timeout.
  func answer(
    _ participant: String, _ stimulus: String, _ first: Choice?, _ second: Choice? = nil,
    phase: Phase = .main, milliseconds: Double? = 1000
  ) {
    positions[participant, default: 0] += 1
    for (question, choice) in [(1, first), (2, second)] where question == 1 || choice != nil {
      answers.append(
        Answer(
          participant: participant, position: positions[participant]!, phase: phase,
          stimulus: stimulus, question: question, choice: choice,
          ending: choice == nil ? .timeout : .response, milliseconds: milliseconds))
    }
  }

  /// Adds a picture of a source model and what a participant says about it.
  func say(_ participant: String, _ source: String, image: Int, _ saying: Saying) {
    let name = picture(source, image: image)
    switch saying {
    case .target: answer(participant, name, .label(7), .label(3))
    case .targetSecond: answer(participant, name, .label(3), .label(7))
    case .nothing: answer(participant, name, Choice.none)
    case .original: answer(participant, name, .label(3), Choice.none)
    case .other: answer(participant, name, .label(1), .label(3))
    }
  }

  func status(
    _ participant: String, _ status: ParticipantRecord.Status, isPilot: Bool = false
  ) {
    people.append(
      ParticipantRecord(
        participant: participant, slot: people.count + 1, status: status, isPilot: isPilot))
  }

  /// The rules of exclusion in `study.json`; nil for a study of an earlier version.
  var exclusion: ExclusionRules?

  /// Writes the study's files and scores them.
  func score(_ design: String = "{ attack: jsma, participants: 12 }", draws: Int = 400) throws
    -> StudyResults
  {
    try write(design)
    let score = try StudyScore(folder, draws: draws)
    let results = score.results()
    try score.write(results, to: folder)
    return results
  }

  func write(_ design: String) throws {
    var study = Study(
      title: "Digits", classNames: (0..<10).map(String.init), consent: "", instructions: "",
      questions: ["?", "??"], noneText: "none", secondsPerAnswer: nil, participants: 12,
      slots: 15, width: 28, height: 28, stimuli: key.map(\.name), practiceLabels: [:],
      sheets: [])
    study.exclusion = exclusion
    try folder.write(study)
    try folder.write(key)
    try folder.write(answers)
    if !people.isEmpty { try folder.write(people) }
    try AtomicFile.write(SampleSets.design(design).resolved(), to: folder.design)
  }
}
