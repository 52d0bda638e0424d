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
  /// The number of these participants who tried the study out.
  public var pilots = 0
}

extension StudyDatabase {
  static let completionColumns =
    ["participant", "code"] + RecruitingIdentifier.allCases.map(\.column)
  static let commentColumns = ["participant", "sheet", "time", "comment"]
  static let eventColumns = ["participant", "session", "position", "event", "page_ms", "time"]

  /// Writes what is stored as tables: `answers.csv`, `undone.csv`, `participants.csv`,
  /// `sessions.csv`, `demographics.csv`, `completion.csv`, `comments.csv` and `events.csv`.
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
          SELECT participant, slot, e.time AS consented, consent_sha256, external,
            ending.time AS finished, code, w.time AS withdrawn,
            EXISTS (SELECT 1 FROM pilot WHERE participant = e.participant) AS pilot
          FROM enrolment e LEFT JOIN ending USING (participant)
            LEFT JOIN withdrawal w USING (participant)
          ORDER BY participant
          """)
      let records = people.map(ParticipantRecord.init(stored:))
      let answers = try Row.fetchAll(
        database,
        sql: "SELECT * FROM given WHERE \(staying) ORDER BY participant, position, question, number"
      )
      try folder.write(records)
      try folder.write(
        answers.filter { $0["undone"] as String? == nil }.map(Answer.init(stored:)))
      try folder.write(
        undone: answers.compactMap { row in
          (row["undone"] as String?).map { (Answer(stored: row), $0) }
        })
      let sessions = try Row.fetchAll(
        database,
        sql: """
          SELECT s.*, pixels_per_mm, distance_mm FROM session s
            LEFT JOIN calibration c ON c.participant = s.participant AND c.session = s.number
          WHERE s.\(staying) ORDER BY s.participant, number
          """)
      try folder.write(sessions.map(SessionRecord.init(stored:)))
      let demographics = try Row.fetchAll(
        database, sql: "SELECT * FROM demographic WHERE \(staying) ORDER BY participant, question")
      try folder.write(
        demographics.map {
          DemographicAnswer(
            participant: Participant.name($0["participant"]), question: $0["question"],
            choice: $0["choice"])
        })
      let codes = people.compactMap { row in
        (row["code"] as String?).map { code -> [String] in
          let identifiers = ParticipantRecord.identifiers(in: row["external"])
          return [Participant.name(row["participant"]), code]
            + RecruitingIdentifier.allCases.map { identifiers[$0] ?? "" }
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
        withdrawn: records.count { $0.status == .withdrawn },
        answers: answers.count { $0["undone"] as String? == nil },
        pilots: records.count(where: \.isPilot))
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
      isPilot: row["pilot"], consented: row["consented"], consentDigest: row["consent_sha256"],
      finished: finished ?? "",
      identifiers: isWithdrawn ? [:] : ParticipantRecord.identifiers(in: row["external"]))
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

extension SessionRecord {
  /// Makes the record of a row of the table `session`, whose screen is a text such as
  /// `390x844 touch`, joined with the calibration of the session.
  fileprivate init(stored row: Row) {
    let screen: String = row["screen"]
    let words = screen.split(separator: " ")
    let sides = (words.first ?? "").split(separator: "x").compactMap { Int($0) }
    self.init(
      participant: Participant.name(row["participant"]), session: row["number"],
      opened: row["time"], width: sides.first ?? 0, height: sides.last ?? 0,
      isTouch: words.last == "touch", pixelsPerMillimetre: row["pixels_per_mm"],
      distanceMillimetres: row["distance_mm"])
  }
}
