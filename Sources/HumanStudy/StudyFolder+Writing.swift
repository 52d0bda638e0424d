import Evaluation
import Foundation
import Support

/// How the files of a study are written.
extension StudyFolder {
  public func write(_ study: Study) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(study), to: self.study)
  }

  public func write(_ trials: [Trial]) throws {
    try write(trials.map(\.fields), Trial.columns, to: self.trials)
  }

  public func write(_ key: [Stimulus]) throws {
    try write(key.map(\.fields), Stimulus.columns, to: self.key)
  }

  public func write(_ predictions: [ModelAnswer]) throws {
    try write(predictions.map(\.fields), ModelAnswer.columns, to: self.predictions)
  }

  public func write(_ answers: [Answer]) throws {
    try write(answers.map(\.fields), Answer.columns, to: self.answers)
  }

  public func write(_ participants: [ParticipantRecord]) throws {
    try write(participants.map(\.fields), ParticipantRecord.columns, to: self.participants)
  }

  /// Writes the answers that were taken back, each with the time when that happened.
  public func write(undone answers: [(answer: Answer, time: String)]) throws {
    try write(
      answers.map { $0.answer.fields + [$0.time] }, Self.undoneColumns, to: undone)
  }

  public func write(_ sessions: [SessionRecord]) throws {
    try write(sessions.map(\.fields), SessionRecord.columns, to: self.sessions)
  }

  public func write(_ demographics: [DemographicAnswer]) throws {
    try write(demographics.map(\.fields), DemographicAnswer.columns, to: self.demographics)
  }

  static let undoneColumns = Answer.columns + ["undone"]

  private func write(_ rows: [[String]], _ columns: [String], to place: URL) throws {
    var table = CSV(header: columns.joined(separator: ","))
    for row in rows { table.append(row) }
    try AtomicFile.write(table.text, to: place)
  }
}
