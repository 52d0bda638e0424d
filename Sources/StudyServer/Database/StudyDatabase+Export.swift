import Evaluation
import Foundation
import GRDB
import HumanStudy
import Support

/// The counts of what an export wrote.
public struct StudyExport: Encodable, Equatable, Sendable {
  public let participants: Int
  public let finished: Int
  public let withdrawn: Int
  public let answers: Int
}

extension StudyDatabase {
  static let completionColumns = ["participant", "code", "external"]
  static let commentColumns = ["participant", "sheet", "time", "comment"]
  static let eventColumns = ["participant", "session", "position", "event", "page_ms", "time"]

  /// Writes what is stored as tables: `answers.csv`, `participants.csv`, `completion.csv`,
  /// `comments.csv` and `events.csv`.
  ///
  /// All tables show the database at the same moment, also while the study is being served. A
  /// participant who has withdrawn appears in `participants.csv` and, if they had finished, in
  /// `completion.csv`. Nothing else about them is written.
  func export(to folder: StudyFolder) throws -> StudyExport {
    let staying = "participant NOT IN (SELECT participant FROM withdrawal)"
    return try inspect { database in
      let people = try Row.fetchAll(
        database,
        sql: """
          SELECT participant, slot, e.time AS consented, external, ending.time AS finished, code,
            w.time AS withdrawn
          FROM enrolment e LEFT JOIN ending USING (participant)
            LEFT JOIN withdrawal w USING (participant)
          ORDER BY participant
          """)
      let records = people.map(ParticipantRecord.init(stored:))
      let answers = try Row.fetchAll(
        database,
        sql: "SELECT * FROM answer WHERE \(staying) ORDER BY participant, position, question")
      try folder.write(records)
      try folder.write(answers.map(Answer.init(stored:)))
      let codes = people.compactMap { row in
        (row["code"] as String?).map {
          [Participant.name(row["participant"]), $0, row["external"] as String]
        }
      }
      try Self.write(
        codes, Self.completionColumns, to: folder.url.appending(path: "completion.csv"))
      let comments = try Row.fetchAll(
        database, sql: "SELECT * FROM comment WHERE \(staying) ORDER BY participant, sheet")
      try Self.write(
        comments.map {
          [Participant.name($0["participant"]), $0["sheet"], $0["time"], $0["text"]] as [String]
        },
        Self.commentColumns, to: folder.url.appending(path: "comments.csv"))
      let events = try Row.fetchAll(
        database, sql: "SELECT * FROM event WHERE \(staying) ORDER BY id")
      try Self.write(
        events.map { row in
          [
            Participant.name(row["participant"]), "\(row["session"] as Int)",
            "\(row["position"] as Int)", row["kind"] as String,
            (row["page_ms"] as Double).plainDecimal, row["time"] as String,
          ]
        }, Self.eventColumns, to: folder.url.appending(path: "events.csv"))
      return StudyExport(
        participants: records.count, finished: records.count { $0.status == .finished },
        withdrawn: records.count { $0.status == .withdrawn }, answers: answers.count)
    }
  }

  private static func write(_ rows: [[String]], _ columns: [String], to place: URL) throws {
    var table = CSV(header: columns.joined(separator: ","))
    for row in rows { table.append(row) }
    try AtomicFile.write(table.text, to: place)
  }
}

extension ParticipantRecord {
  /// Makes the record of a row of the export's first query.
  fileprivate init(stored row: Row) {
    let isWithdrawn = row["withdrawn"] as String? != nil
    let finished: String? = row["finished"]
    self.init(
      participant: Participant.name(row["participant"]), slot: row["slot"],
      status: isWithdrawn ? .withdrawn : finished == nil ? .started : .finished,
      consented: row["consented"], finished: finished ?? "",
      external: isWithdrawn ? "" : row["external"])
  }
}

extension Answer {
  /// Makes the answer of a row of the table `answer`.
  fileprivate init(stored row: Row) {
    self.init(
      participant: Participant.name(row["participant"]), session: row["session"],
      position: row["position"], phase: Phase(rawValue: row["phase"]) ?? .main,
      stimulus: row["stimulus"], question: row["question"],
      choice: (row["choice"] as String?).flatMap(Choice.init),
      ending: Ending(rawValue: row["ended_on"]) ?? .response, milliseconds: row["rt_ms"],
      serverMilliseconds: row["server_ms"], time: row["time"])
  }
}
