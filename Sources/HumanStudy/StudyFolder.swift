import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

/// Where everything of a study lies, and how it is read and written.
///
/// What the page may know: `study.json`, `trials.csv`, `images/`, `sheets/`. What it may not:
/// `key.csv`, `sheets.csv`, `predictions.csv`, `design.yaml`. What comes back: `answers.sqlite`
/// (the server's), `answers.csv`, `participants.csv`, `results.*`.
public struct StudyFolder: Sendable {
  public let url: URL

  public init(_ url: URL) {
    self.url = url
  }

  public var study: URL { url.appending(path: "study.json") }
  public var trials: URL { url.appending(path: "trials.csv") }
  public var key: URL { url.appending(path: "key.csv") }
  /// What every model at hand says about every picture: `stimulus,model,predicted`.
  public var predictions: URL { url.appending(path: "predictions.csv") }
  public var sheetKey: URL { url.appending(path: "sheets.csv") }
  public var design: URL { url.appending(path: "design.yaml") }
  public var images: URL { url.appending(path: "images") }
  public var sheets: URL { url.appending(path: "sheets") }
  public var database: URL { url.appending(path: "answers.sqlite") }
  public var answers: URL { url.appending(path: "answers.csv") }
  public var participants: URL { url.appending(path: "participants.csv") }
  public var results: URL { url.appending(path: "results.json") }
  public var resultsTable: URL { url.appending(path: "results.csv") }
  public var resultsText: URL { url.appending(path: "results.md") }

  public func image(_ stimulus: String) -> URL { images.appending(path: "\(stimulus).png") }
  public func sheet(_ name: String) -> URL { sheets.appending(path: "\(name).png") }

  /// Whether somebody answered; a study that has answers is not sampled anew.
  public var hasAnswers: Bool {
    [database, answers].contains { FileManager.default.fileExists(atPath: $0.path) }
  }

  // MARK: Reading

  public func readStudy() throws -> Study {
    let data: Data
    do { data = try readFile(study, limit: 16 << 20) } catch let failure as Failure
      where failure.kind == .missing
    {
      throw Failure.missing(
        "\(url.path) has no study.json", hint: "sample a study first: crossfire study sample")
    }
    let study: Study
    do { study = try JSONDecoder().decode(Study.self, from: data) } catch {
      throw Failure.badData("\(self.study.path) is not a study: \(explanation(of: error))")
    }
    try study.check(file: self.study.path)
    return study
  }

  /// The trials of every list, in the order of lists and positions.
  /// - Throws: `Failure.badData` if a list's positions are not 1, 2, 3, … or its practice does not
  ///   come first.
  public func readTrials() throws -> [Trial] {
    let all = try CSVReader.read(trials, columns: Trial.columns, Trial.init)
    let sorted = all.sorted { ($0.slot, $0.position) < ($1.slot, $1.position) }
    var before: Trial?
    for trial in sorted {
      let expected = before?.slot == trial.slot ? before!.position + 1 : 1
      guard trial.position == expected else {
        throw Failure.badData(
          "trials.csv: list \(trial.slot) has no trial \(expected), or two",
          hint: "sample the study again")
      }
      if let before, before.slot == trial.slot, trial.phase == .practice, before.phase != .practice
      {
        throw Failure.badData(
          "trials.csv: list \(trial.slot) has practice after trial \(before.position)")
      }
      before = trial
    }
    return sorted
  }

  public func readKey() throws -> [Stimulus] {
    try CSVReader.read(key, columns: Stimulus.columns, Stimulus.init)
  }

  /// What models say about pictures; nothing if no model was at hand when the study was sampled.
  public func readPredictions() throws -> [ModelAnswer] {
    guard FileManager.default.fileExists(atPath: predictions.path) else { return [] }
    return try CSVReader.read(predictions, columns: ModelAnswer.columns, ModelAnswer.init)
  }

  /// The design as it was sampled.
  public func readDesign() throws -> StudyDesign { try StudyDesign(.yaml(design)) }

  /// - Throws: `Failure.badData` with the line if a question was answered twice.
  public func readAnswers() throws -> [Answer] {
    var seen: Set<[String]> = []
    return try CSVReader.read(answers, columns: Answer.columns) { row in
      let answer = try Answer(row)
      guard seen.insert([answer.participant, "\(answer.position)", "\(answer.question)"]).inserted
      else {
        throw Failure.badData(
          "answers.csv:\(row.line): \(answer.participant) answered question \(answer.question) of trial "
            + "\(answer.position) already", hint: "was the same file added twice?")
      }
      return answer
    }
  }

  /// - Throws: `Failure.badData` with the line if somebody stands there twice.
  public func readParticipants() throws -> [ParticipantRecord] {
    var seen: Set<String> = []
    return try CSVReader.read(participants, columns: ParticipantRecord.columns) { row in
      let record = try ParticipantRecord(row)
      guard seen.insert(record.participant).inserted else {
        throw row.wrong("participant", "each participant once")
      }
      return record
    }
  }

  // MARK: Writing

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

  private func write(_ rows: [[String]], _ columns: [String], to place: URL) throws {
    var table = CSV(header: columns.joined(separator: ","))
    for row in rows { table.append(row) }
    try AtomicFile.write(table.text, to: place)
  }
}
