import Foundation
import GRDB
import HumanStudy
import Support

/// How somebody came to take part.
enum Origin: String, Sendable {
  /// By a link made beforehand.
  case link
  /// By the open link.
  case open
  /// By a file from the page without a server.
  case file
}

/// A participant as the database knows them at the moment.
struct Participant: Equatable, Sendable {
  let id: Int64
  /// Nil before they consent.
  var slot: Int?
  var session = 0
  /// The last answer.
  var lastStep: Course.Step?
  var lastChoice: Choice?
  /// What was named as most plausible in the last answer's trial.
  var first: Choice?
  var code: String?
  var isWithdrawn = false

  /// What files call them.
  var name: String { Self.name(id) }
  static func name(_ id: Int64) -> String { "p\(id)" }
}

/// Who somebody is elsewhere, as the address said.
struct ExternalIdentity: Equatable, Sendable {
  /// The names that are kept, those of Prolific and Mechanical Turk; the first two tell a person
  /// from others.
  static let names = [
    "PROLIFIC_PID", "workerId", "STUDY_ID", "SESSION_ID", "assignmentId", "hitId",
  ]

  let values: [String: String]

  /// - Returns: nil if a value is longer than 64 letters, digits, dots, hyphens and underscores.
  init?(_ query: [String: String]) {
    values = query.filter { Self.names.contains($0.key) && !$0.value.isEmpty }
    let isPlain = { (text: String) in
      text.utf8.count <= 64
        && text.unicodeScalars.allSatisfy {
          $0.isASCII
            && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
              || "-_.".unicodeScalars.contains($0))
        }
    }
    guard values.values.allSatisfy(isPlain) else { return nil }
  }

  /// The person, if the address said who.
  var person: String? { Self.names.prefix(2).lazy.compactMap { values[$0] }.first }

  /// `PROLIFIC_PID=a STUDY_ID=b`
  var text: String {
    Self.names.compactMap { name in values[name].map { "\(name)=\($0)" } }.joined(separator: " ")
  }
}

extension StudyDatabase {
  /// Makes a participant who has not been here yet.
  static func add(_ secret: Secret, _ origin: Origin, _ database: Database) throws -> Int64 {
    let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM participant") ?? 0
    guard count < capacity else { throw Refusal.full }
    try database.execute(
      sql: "INSERT INTO participant (token, origin, time) VALUES (?, ?, ?)",
      arguments: [secret.digest, origin.rawValue, now()])
    return database.lastInsertedRowID
  }

  /// Who has a secret.
  static func participant(_ secret: Secret, _ database: Database) throws -> Participant? {
    let id = try Int64.fetchOne(
      database, sql: "SELECT id FROM participant WHERE token = ?", arguments: [secret.digest])
    return try id.map { try participant($0, database) }
  }

  static func participant(_ id: Int64, _ database: Database) throws -> Participant {
    var participant = Participant(id: id)
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT slot, (SELECT MAX(number) FROM session WHERE participant = e.participant) AS session, ending.code,
          withdrawal.time AS withdrawn
        FROM enrolment e LEFT JOIN ending USING (participant) LEFT JOIN withdrawal USING (participant)
        WHERE participant = ?
        """, arguments: [id])
    guard let row else { return participant }
    participant.slot = row["slot"]
    participant.session = row["session"] ?? 0
    participant.code = row["code"]
    participant.isWithdrawn = row["withdrawn"] as String? != nil
    let answers = try Row.fetchAll(
      database,
      sql:
        "SELECT position, question, choice FROM answer WHERE participant = ? ORDER BY position DESC, question DESC LIMIT 2",
      arguments: [id])
    if let last = answers.first {
      participant.lastStep = Course.Step(position: last["position"], question: last["question"])
      participant.lastChoice = (last["choice"] as String?).flatMap(Choice.init)
      let opening = answers.first {
        $0["position"] as Int == last["position"] && $0["question"] as Int == 1
      }
      participant.first = (opening?["choice"] as String?).flatMap(Choice.init)
    }
    return participant
  }

  /// Enters a participant's consent, and gives them a list: the one that fewest have, unless they
  /// have one.
  func enrol(
    _ id: Int64, consent: String, _ external: ExternalIdentity, slot: Int? = nil,
    time: String? = nil,
    _ database: Database
  ) throws {
    guard consent == study.consentDigest else { throw Refusal.otherConsent }
    guard try Self.participant(id, database).slot == nil else { return }
    if let person = external.person {
      let taken = try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM enrolment WHERE identity = ?)",
        arguments: [person])
      guard taken != true else { throw Refusal.identityTaken }
    }
    try database.execute(
      sql: "INSERT INTO enrolment VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        id, try slot ?? leastFilledSlot(database), consent, time ?? Self.now(), external.text,
        external.person,
      ])
  }

  /// The list with the fewest participants: who has finished counts, who is at it counts, who has
  /// withdrawn or has not answered for longer than `patience` does not. Of equal ones the first.
  func leastFilledSlot(_ database: Database) throws -> Int {
    let cutoff = Self.now(Date() - patience * 60)
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT slot, COUNT(*) AS filled FROM enrolment e
        WHERE NOT EXISTS (SELECT 1 FROM withdrawal WHERE participant = e.participant) AND (
          EXISTS (SELECT 1 FROM ending WHERE participant = e.participant) OR e.time > :cutoff
          OR (SELECT MAX(time) FROM answer WHERE participant = e.participant) > :cutoff)
        GROUP BY slot
        """, arguments: ["cutoff": cutoff])
    let filled = Dictionary(
      uniqueKeysWithValues: rows.map { ($0["slot"] as Int, $0["filled"] as Int) })
    return (1...study.lists.count).min { (filled[$0] ?? 0, $0) < (filled[$1] ?? 0, $1) } ?? 1
  }

  /// Counts an opening of the page.
  static func openSession(
    _ participant: inout Participant, screen: String, time: String? = nil, _ database: Database
  ) throws {
    guard participant.slot != nil else { throw Refusal.notEnrolled }
    participant.session += 1
    try database.execute(
      sql: "INSERT INTO session VALUES (?, ?, ?, ?)",
      arguments: [participant.id, participant.session, time ?? now(), screen])
  }
}
