import Evaluation
import Foundation
import ModelCore
import Support

/// The folder of a study: the places of its files, and how they are read and written.
///
/// - The page of the participants uses `study.json`, `trials.csv`, `images/` and `sheets/`.
/// - The page must never see `key.csv`, `sheets.csv`, `predictions.csv` and `design.yaml`.
/// - Answers are in `answers.sqlite`, which the server writes. The export writes `answers.csv`,
///   `undone.csv`, `participants.csv`, `sessions.csv`, `demographics.csv` and `psych-ds/`.
/// - Scoring writes `results.json`, `results.csv`, `comparisons.csv` and `results.md`.
public struct StudyFolder: Sendable {
  public let url: URL

  public init(_ url: URL) {
    self.url = url
  }

  public var study: URL { url.appending(path: "study.json") }
  public var trials: URL { url.appending(path: "trials.csv") }
  public var key: URL { url.appending(path: "key.csv") }
  /// The class that each available model predicts for each picture.
  public var predictions: URL { url.appending(path: "predictions.csv") }
  /// The condition of each sheet.
  public var sheetKey: URL { url.appending(path: "sheets.csv") }
  public var design: URL { url.appending(path: "design.yaml") }
  public var images: URL { url.appending(path: "images") }
  public var sheets: URL { url.appending(path: "sheets") }
  public var database: URL { url.appending(path: "answers.sqlite") }
  public var answers: URL { url.appending(path: "answers.csv") }
  /// The answers that were taken back.
  public var undone: URL { url.appending(path: "undone.csv") }
  public var participants: URL { url.appending(path: "participants.csv") }
  public var sessions: URL { url.appending(path: "sessions.csv") }
  public var demographics: URL { url.appending(path: "demographics.csv") }
  /// The answers as a dataset of Psych-DS.
  public var dataset: URL { url.appending(path: "psych-ds") }
  public var results: URL { url.appending(path: "results.json") }
  public var resultsTable: URL { url.appending(path: "results.csv") }
  public var comparisonTable: URL { url.appending(path: "comparisons.csv") }
  public var resultsText: URL { url.appending(path: "results.md") }

  public func image(_ stimulus: String) -> URL { images.appending(path: "\(stimulus).png") }
  public func sheet(_ name: String) -> URL { sheets.appending(path: "\(name).png") }

  /// Whether there are answers. A study that has answers must not be sampled again.
  public var hasAnswers: Bool {
    [database, answers].contains { FileManager.default.fileExists(atPath: $0.path) }
  }

  static let sheetColumns = ["sheet", "sha256", "source", "attack", "epsilon"]

  // MARK: Reading

  public func readStudy() throws -> Study {
    let data: Data
    do { data = try readFile(study, limit: 16 << 20) } catch let failure as Failure
      where failure.kind == .missing
    {
      throw Failure.missing(
        "\(url.path) has no study.json",
        hint: "expected the folder of a study; create one with 'crossfire study sample'")
    }
    let study: Study
    do { study = try JSONDecoder().decode(Study.self, from: data) } catch {
      throw Failure.badData(
        "\(self.study.path) is not the description of a study: \(explanation(of: error))",
        hint: "sample the study again")
    }
    try study.check(file: self.study.path)
    return study
  }

  /// Reads the trials of all lists, in the order of lists and positions.
  /// - Throws: `Failure.badData` if the positions of a list are not 1, 2, 3 and so on, or if
  ///   practice trials do not come first.
  public func readTrials() throws -> [Trial] {
    let all = try CSVReader.read(trials, columns: Trial.columns, Trial.init)
    let sorted = all.sorted { ($0.slot, $0.position) < ($1.slot, $1.position) }
    var before: Trial?
    for trial in sorted {
      let expected = before?.slot == trial.slot ? before!.position + 1 : 1
      guard trial.position == expected else {
        throw Failure.badData(
          "trials.csv: list \(trial.slot): expected position \(expected), found \(trial.position)",
          hint: "each list must have the positions 1, 2, 3, … once; sample the study again")
      }
      if let before, before.slot == trial.slot, trial.phase == .practice, before.phase != .practice
      {
        throw Failure.badData(
          "trials.csv: list \(trial.slot): trial \(trial.position) is practice after trials of "
            + "other phases",
          hint: "practice must come first; sample the study again")
      }
      before = trial
    }
    return sorted
  }

  public func readKey() throws -> [Stimulus] {
    try CSVReader.read(key, columns: Stimulus.columns, Stimulus.init)
  }

  /// Reads what models predict for the pictures; empty if no model file was available when the
  /// study was sampled.
  public func readPredictions() throws -> [ModelAnswer] {
    guard FileManager.default.fileExists(atPath: predictions.path) else { return [] }
    return try CSVReader.read(predictions, columns: ModelAnswer.columns, ModelAnswer.init)
  }

  /// Reads the design that the study was sampled by.
  public func readDesign() throws -> StudyDesign { try StudyDesign(.yaml(design)) }

  /// Reads the answers.
  /// - Throws: `Failure.badData` with the line if a question was answered twice.
  public func readAnswers() throws -> [Answer] {
    var seen: Set<[String]> = []
    return try CSVReader.read(answers, columns: Answer.columns) { row in
      let answer = try Answer(row)
      guard seen.insert([answer.participant, "\(answer.position)", "\(answer.question)"]).inserted
      else {
        throw Failure.badData(
          "answers.csv:\(row.line): \(answer.participant) has already answered question "
            + "\(answer.question) of trial \(answer.position)",
          hint: "check whether the same answers were added twice")
      }
      return answer
    }
  }

  /// Reads the participants.
  /// - Throws: `Failure.badData` with the line if a participant has two rows.
  public func readParticipants() throws -> [ParticipantRecord] {
    var seen: Set<String> = []
    return try CSVReader.read(participants, columns: ParticipantRecord.requiredColumns) { row in
      let record = try ParticipantRecord(row)
      guard seen.insert(record.participant).inserted else {
        throw row.wrong("participant", "one row for each participant")
      }
      return record
    }
  }

  /// Reads the sessions; empty if they were not exported, as by earlier versions.
  func readSessions() throws -> [SessionRecord] {
    guard FileManager.default.fileExists(atPath: sessions.path) else { return [] }
    return try CSVReader.read(sessions, columns: SessionRecord.columns, SessionRecord.init)
  }

  /// Reads what participants answered about themselves; empty if it was not exported.
  func readDemographics() throws -> [DemographicAnswer] {
    guard FileManager.default.fileExists(atPath: demographics.path) else { return [] }
    return try CSVReader.read(
      demographics, columns: DemographicAnswer.columns, DemographicAnswer.init)
  }
}
