import Evaluation
import Foundation
import Support

/// The answers of a study with what they are about: one `Showing` for each picture that a
/// participant saw and answered.
struct StudyData {
  /// What one participant said about one picture.
  struct Showing {
    let participant: String
    let session: Int
    let position: Int
    let phase: Phase
    let stimulus: Stimulus
    /// The answers to the first and to the second question; nil where there is none, or the time
    /// was over.
    let first: Choice?
    let second: Choice?
    let milliseconds: Double?
    /// Whether the participant had seen the picture before.
    let isRepeat: Bool

    /// The most plausible label is the one the model sees.
    var isFooled: Bool { stimulus.target.map { first == .label($0) } ?? false }
    /// The model's label is among the two most plausible ones, or nothing is plausible.
    var isReasonable: Bool {
      first == Choice.none || isFooled || (stimulus.target.map { second == .label($0) } ?? false)
    }
    var isRight: Bool { first == .label(stimulus.label) }
  }

  /// Somebody whose answers are left out, and why.
  struct Exclusion: Codable, Equatable, Sendable {
    let participant: String
    let reason: String
  }

  let study: Study
  let design: StudyDesign
  /// Whose answers are analysed, in the order of their codes.
  let participants: [String]
  let excluded: [Exclusion]
  /// The answered pictures of those who are analysed, practice left out.
  let showings: [Showing]
  /// What models say about each picture.
  let predictions: [String: [String: Int]]

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
          "answers.csv: \(answer.participant) answered about \(answer.stimulus), which is not in key.csv",
          hint: "do the answers belong to this study?")
      }
      if case .label(let label) = answer.choice, !study.classNames.indices.contains(label) {
        throw Failure.badData(
          "answers.csv: \(answer.participant) chose \(label) for \(stimulus.name); the classes are 0 to "
            + "\(study.classNames.count - 1)")
      }
    }
    if let wrong = key.values.first(where: {
      !study.classNames.indices.contains(max($0.label, $0.target ?? 0))
    }) {
      throw Failure.badData(
        "key.csv: \(wrong.name) has a label or target that is none of the classes")
    }
    let all = Self.showings(answers, key)
    var excluded: [Exclusion] = []
    var kept: [String] = []
    for (participant, own) in Dictionary(grouping: all, by: \.participant).sorted(by: {
      $0.key < $1.key
    }) {
      let status =
        records.map { $0.first { $0.participant == participant }?.status ?? .started } ?? .finished
      if let reason = Self.reason(against: own, status, design) {
        excluded.append(Exclusion(participant: participant, reason: reason))
      } else {
        kept.append(participant)
      }
    }
    self.study = study
    self.design = design
    self.excluded = excluded
    participants = kept
    let analysed = Set(kept)
    showings = all.filter {
      analysed.contains($0.participant) && $0.phase != .practice && $0.first != nil
    }
    predictions = Dictionary(grouping: try folder.readPredictions(), by: \.model).mapValues {
      answers in
      Dictionary(answers.map { ($0.stimulus, $0.predicted) }) { first, _ in first }
    }
  }

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
        phase: first.phase,
        stimulus: stimulus, first: first.choice, second: second?.choice,
        milliseconds: first.milliseconds,
        isRepeat: !isNew)
    }
  }

  /// Why somebody's answers are left out; nil if they are not.
  private static func reason(
    against showings: [Showing], _ status: ParticipantRecord.Status, _ design: StudyDesign
  ) -> String? {
    if status == .withdrawn { return "took the consent back" }
    if status == .started && !design.keepUnfinished { return "did not finish" }
    let checks = showings.filter { $0.phase == .check }
    let right = checks.count(where: \.isRight)
    guard !checks.isEmpty, Double(right) < design.checksRight * Double(checks.count) else {
      return nil
    }
    return
      "\(right) of \(checks.count) checks right, the design asks for \(Int((design.checksRight * 100).rounded())) %"
  }
}
