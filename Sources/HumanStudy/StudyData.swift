import Evaluation
import Foundation
import Support

/// The answers of a study, joined with the key: one `Showing` for each picture that a participant
/// saw and answered.
struct StudyData {
  /// What one participant answered about one picture at one place of their list.
  struct Showing {
    let participant: String
    let session: Int
    let position: Int
    let phase: Phase
    let stimulus: Stimulus
    /// The answer to the first question; nil after a timeout.
    let first: Choice?
    /// The answer to the second question; nil after a timeout, or if it was not asked.
    let second: Choice?
    let milliseconds: Double?
    /// Whether the participant had seen the same picture before.
    let isRepeat: Bool

    /// Whether the participant named the target as the most plausible label.
    var isFooled: Bool { stimulus.target.map { first == .label($0) } ?? false }
    /// Whether the model's mistake is reasonable: the participant named the target first or second,
    /// or found no label plausible.
    var isReasonable: Bool {
      first == Choice.none || isFooled || (stimulus.target.map { second == .label($0) } ?? false)
    }
    /// Whether the participant named the image's label as the most plausible one.
    var isRight: Bool { first == .label(stimulus.label) }

    /// The column of the first answer in a table: the number of its class, or the column after the
    /// last class for "none of them".
    func category(_ classes: Int) -> Int {
      if case .label(let label) = first { label } else { classes }
    }
  }

  /// A participant whose answers are left out, and the reason.
  struct Exclusion: Equatable, Sendable {
    let participant: String
    let rule: ExclusionRules.Rule
    let reason: String
  }

  let study: Study
  let design: StudyDesign
  /// Every picture of the study, by its name.
  let key: [String: Stimulus]
  /// All answers, also those of participants who are left out.
  let answers: [Answer]
  /// The participants whose answers are analysed, in the order of their codes.
  let participants: [String]
  let excluded: [Exclusion]
  /// The rules by which they are left out.
  let rules: ExclusionRules
  /// The answered pictures of these participants, without practice.
  let showings: [Showing]
  /// The conditions of the study's pictures, by name.
  let conditions: [Condition]
  /// The class that each model predicts for each picture: by model, then by picture.
  let predictions: [String: [String: Int]]

  /// Reads the files of a study.
  ///
  /// Without `participants.csv` everybody who answered counts as finished.
  /// - Throws: `Failure.badData` if answers are about pictures or classes that the study does not
  ///   have.
  init(_ folder: StudyFolder) throws {
    let study = try folder.readStudy()
    let design = try folder.readDesign()
    let key = Dictionary(try folder.readKey().map { ($0.name, $0) }) { first, _ in first }
    let records =
      FileManager.default.fileExists(atPath: folder.participants.path)
      ? try folder.readParticipants() : nil
    let answers = try folder.readAnswers()
    for answer in answers {
      guard let stimulus = key[answer.stimulus] else {
        throw Failure.badData(
          "answers.csv: \(answer.participant) answered about \(answer.stimulus), "
            + "which is not in key.csv",
          hint: "check that the answers belong to this study")
      }
      if case .label(let label) = answer.choice, !study.classNames.indices.contains(label) {
        throw Failure.badData(
          "answers.csv: \(answer.participant) chose class \(label) for \(stimulus.name); "
            + "expected a class from 0 to \(study.classNames.count - 1)")
      }
    }
    if let wrong = key.values.first(where: {
      !study.classNames.indices.contains(max($0.label, $0.target ?? 0))
    }) {
      throw Failure.badData(
        "key.csv: the label and the target of \(wrong.name) must be classes from 0 to "
          + "\(study.classNames.count - 1)")
    }
    let all = Self.showings(answers, key)
    let rules = ExclusionRules(study, design)
    var excluded: [Exclusion] = []
    var kept: [String] = []
    for (participant, own) in Dictionary(grouping: all, by: \.participant).sorted(by: {
      $0.key < $1.key
    }) {
      let record = records?.first { $0.participant == participant }
      let status = records == nil ? .finished : record?.status ?? .started
      if let (rule, reason) = rules.violation(own, status, isPilot: record?.isPilot ?? false) {
        excluded.append(Exclusion(participant: participant, rule: rule, reason: reason))
      } else {
        kept.append(participant)
      }
    }
    self.study = study
    self.design = design
    self.key = key
    self.answers = answers
    self.excluded = excluded
    self.rules = rules
    participants = kept
    conditions = Set(key.values.compactMap(\.condition)).sorted { $0.name < $1.name }
    let analysed = Set(kept)
    showings = all.filter {
      analysed.contains($0.participant) && $0.phase != .practice && $0.first != nil
    }
    predictions = Dictionary(grouping: try folder.readPredictions(), by: \.model).mapValues {
      answers in
      Dictionary(answers.map { ($0.stimulus, $0.predicted) }) { first, _ in first }
    }
  }

  /// Puts the answers to both questions of a trial together, in the order of participants and
  /// positions.
  private static func showings(_ answers: [Answer], _ key: [String: Stimulus]) -> [Showing] {
    var seen: Set<[String]> = []
    let trials = Dictionary(grouping: answers) { "\($0.position) \($0.participant)" }.values
    let ordered = trials.sorted {
      ($0[0].participant, $0[0].position) < ($1[0].participant, $1[0].position)
    }
    return ordered.compactMap { both in
      guard let first = both.first(where: { $0.question == 1 }), let stimulus = key[first.stimulus]
      else { return nil }
      let second = both.first { $0.question == 2 }
      let isNew =
        first.phase == .practice || seen.insert([first.participant, first.stimulus]).inserted
      return Showing(
        participant: first.participant, session: first.session, position: first.position,
        phase: first.phase, stimulus: stimulus, first: first.choice, second: second?.choice,
        milliseconds: first.milliseconds, isRepeat: !isNew)
    }
  }
}
