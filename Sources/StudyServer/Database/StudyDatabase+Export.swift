import Evaluation
import Foundation
import GRDB
import HumanStudy
import Support

/// What an export wrote.
public struct StudyExport: Encodable, Equatable, Sendable {
  public let participants: Int
  public let finished: Int
  public let withdrawn: Int
  public let answers: Int
}

extension StudyDatabase {
  /// Writes what was stored as tables: `answers.csv`, `participants.csv`, and `completion.csv`,
  /// `comments.csv`, `events.csv`.
  ///
  /// All of one moment, also while the study is being served. Of who has withdrawn nothing is
  /// written but that they have.
  func export(to folder: StudyFolder) throws -> StudyExport {
    let participants =
      "FROM enrolment e LEFT JOIN ending USING (participant) LEFT JOIN withdrawal w USING (participant)"
    let staying = "participant NOT IN (SELECT participant FROM withdrawal)"
    return try inspect { database in
      let people = try Row.fetchAll(
        database,
        sql: """
          SELECT participant, slot, e.time AS consented, external, ending.time AS finished, code, w.time AS withdrawn
          \(participants) ORDER BY participant
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
        codes, "participant,code,external", to: folder.url.appending(path: "completion.csv"))
      let comments = try Row.fetchAll(
        database, sql: "SELECT * FROM comment WHERE \(staying) ORDER BY participant, sheet")
      try Self.write(
        comments.map {
          [Participant.name($0["participant"]), $0["sheet"], $0["time"], $0["text"]] as [String]
        },
        "participant,sheet,time,comment", to: folder.url.appending(path: "comments.csv"))
      let events = try Row.fetchAll(
        database, sql: "SELECT * FROM event WHERE \(staying) ORDER BY id")
      try Self.write(
        events.map { row in
          [
            Participant.name(row["participant"]), "\(row["session"] as Int)",
            "\(row["position"] as Int)", row["kind"],
          ]
            + [(row["page_ms"] as Double).plainDecimal, row["time"]]
        }, "participant,session,position,event,page_ms,time",
        to: folder.url.appending(path: "events.csv"))
      return StudyExport(
        participants: records.count, finished: records.count { $0.status == .finished },
        withdrawn: records.count { $0.status == .withdrawn }, answers: answers.count)
    }
  }

  private static func write(_ rows: [[String]], _ header: String, to place: URL) throws {
    var table = CSV(header: header)
    for row in rows { table.append(row) }
    try AtomicFile.write(table.text, to: place)
  }
}

extension ParticipantRecord {
  fileprivate init(stored row: Row) {
    let isWithdrawn = row["withdrawn"] as String? != nil
    let finished: String? = row["finished"]
    self.init(
      participant: Participant.name(row["participant"]), slot: row["slot"],
      status: isWithdrawn ? .withdrawn : finished == nil ? .started : .finished,
      consented: row["consented"],
      finished: finished ?? "", external: isWithdrawn ? "" : row["external"])
  }
}

extension Answer {
  fileprivate init(stored row: Row) {
    self.init(
      participant: Participant.name(row["participant"]), session: row["session"],
      position: row["position"],
      phase: Phase(rawValue: row["phase"]) ?? .main, stimulus: row["stimulus"],
      question: row["question"],
      choice: (row["choice"] as String?).flatMap(Choice.init),
      ending: Ending(rawValue: row["ended_on"]) ?? .response, milliseconds: row["rt_ms"],
      serverMilliseconds: row["server_ms"], time: row["time"])
  }
}
