import Foundation
import GRDB
import HumanStudy
import Support

/// How a participant came to the study.
enum Origin: String, Sendable {
  /// With a personal link that was made before.
  case link
  /// With the address of an open study.
  case open
  /// With an answer file of the page without a server.
  case file
}

/// The current state of a participant.
struct Participant: Equatable, Sendable {
  let id: Int64
  /// The number of the participant's list; nil before they consent.
  var slot: Int?
  /// How many times the participant has opened the page since they consented.
  var session = 0
  /// The question of the last answer, and its choice; nil if there is no answer. The choice is also
  /// nil after a timeout.
  var lastStep: Course.Step?
  var lastChoice: Choice?
  /// The answer to the first question of the same trial.
  var first: Choice?
  /// The completion code; nil before they finish.
  var code: String?
  var isWithdrawn = false
  /// Whether the participant tries the study out.
  var isPilot = false
  /// Whether the size of the participant's pixels was measured, or they skipped that.
  var isCalibrated = false

  /// The code of the participant in files, such as `p1`.
  var name: String { Self.name(id) }
  static func name(_ id: Int64) -> String { "p\(id)" }
}

extension StudyDatabase {
  /// Adds a new participant.
  /// - Returns: the participant's id.
  /// - Throws: `Refusal.full` if there are too many.
  static func add(_ secret: Secret, _ origin: Origin, _ database: Database) throws -> Int64 {
    let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM participant") ?? 0
    guard count < capacity else { throw Refusal.full }
    try database.execute(
      sql: "INSERT INTO participant (token, origin, time) VALUES (?, ?, ?)",
      arguments: [secret.digest, origin.rawValue, now()])
    return database.lastInsertedRowID
  }

  /// The participant who has a secret; nil if there is none.
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
        SELECT slot, ending.code, withdrawal.time AS withdrawn,
          EXISTS (SELECT 1 FROM pilot WHERE participant = e.participant) AS pilot,
          EXISTS (SELECT 1 FROM calibration WHERE participant = e.participant) AS calibrated,
          (SELECT MAX(number) FROM session WHERE participant = e.participant) AS session
        FROM enrolment e LEFT JOIN ending USING (participant)
          LEFT JOIN withdrawal USING (participant)
        WHERE participant = ?
        """, arguments: [id])
    guard let row else { return participant }
    participant.slot = row["slot"]
    participant.session = row["session"] ?? 0
    participant.code = row["code"]
    participant.isWithdrawn = row["withdrawn"] as String? != nil
    participant.isPilot = row["pilot"]
    participant.isCalibrated = row["calibrated"]
    let answers = try Row.fetchAll(
      database,
      sql: """
        SELECT position, question, choice FROM given WHERE participant = ? AND undone IS NULL
        ORDER BY position DESC, question DESC LIMIT 2
        """,
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

  /// Stores a participant's consent and gives them a list. A second consent changes nothing.
  /// - Parameters:
  ///   - consent: the SHA-256 of the text that they agreed to.
  ///   - slot: the number of the list; nil for the list that the fewest participants have.
  ///   - time: when they consented, as ISO 8601; nil for now.
  ///   - isPilot: whether they try the study out.
  /// - Throws: `Refusal.otherConsent` if the text is not the study's, `Refusal.identityTaken` if a
  ///   person with the same identifier already takes part.
  func enrol(
    _ id: Int64, consent: String, _ external: ExternalIdentity, slot: Int? = nil,
    time: String? = nil, isPilot: Bool = false, _ database: Database
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
        id, try slot ?? leastFilledSlot(isPilot: isPilot, database), consent, time ?? Self.now(),
        external.text,
        external.person,
      ])
    if isPilot {
      try database.execute(sql: "INSERT INTO pilot VALUES (?)", arguments: [id])
    }
  }

  /// The list with the fewest participants. If several lists have equally few, it is the one with
  /// the smallest number.
  ///
  /// The count includes participants who have finished, and those who consented or answered within
  /// the last `patience` minutes. It excludes participants who have withdrawn. Those of a pilot count
  /// for the lists of the pilot only.
  func leastFilledSlot(isPilot: Bool = false, _ database: Database) throws -> Int {
    let cutoff = Self.now(Date() - patience * 60)
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT slot, COUNT(*) AS filled FROM enrolment e
        WHERE EXISTS (SELECT 1 FROM pilot WHERE participant = e.participant) = :pilot
          AND NOT EXISTS (SELECT 1 FROM withdrawal WHERE participant = e.participant) AND (
          EXISTS (SELECT 1 FROM ending WHERE participant = e.participant) OR e.time > :cutoff
          OR (SELECT MAX(time) FROM answer WHERE participant = e.participant) > :cutoff)
        GROUP BY slot
        """, arguments: ["cutoff": cutoff, "pilot": isPilot])
    let filled = Dictionary(
      uniqueKeysWithValues: rows.map { ($0["slot"] as Int, $0["filled"] as Int) })
    return (1...study.lists.count).min { (filled[$0] ?? 0, $0) < (filled[$1] ?? 0, $1) } ?? 1
  }

  /// Stores that a participant opens the page.
  /// - Parameter time: when they opened it, as ISO 8601; nil for now.
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
