import Evaluation
import Support

/// An identifier that a recruiting site adds to the address of a study.
public enum RecruitingIdentifier: String, CaseIterable, Sendable {
  // Those of Prolific, and then those of Mechanical Turk. The raw value is the name of the parameter.
  case prolific = "PROLIFIC_PID"
  case worker = "workerId"
  case study = "STUDY_ID"
  case session = "SESSION_ID"
  case assignment = "assignmentId"
  case hit = "hitId"

  /// The name of the column that tables have for it.
  public var column: String {
    switch self {
    case .prolific: "prolific_pid"
    case .worker: "worker_id"
    case .study: "study_id"
    case .session: "session_id"
    case .assignment: "assignment_id"
    case .hit: "hit_id"
    }
  }
}

/// What is known about a participant: a row of `participants.csv`.
public struct ParticipantRecord: Equatable, Sendable {
  public enum Status: String, Codable, CaseIterable, Sendable {
    /// Consented and has not finished.
    case started
    case finished
    /// Withdrew the consent. None of their answers is analysed.
    case withdrawn
  }

  public var participant: String
  /// The number of the list of trials that the participant was given.
  public var slot: Int
  public var status: Status
  /// Whether the participant tried the study out. None of their answers is analysed.
  public var isPilot: Bool
  /// When the participant consented, as ISO 8601.
  public var consented: String
  /// The SHA-256 of the text that the participant agreed to.
  public var consentDigest: String
  /// When the participant finished, as ISO 8601; empty if they have not.
  public var finished: String
  /// Identifiers from the address that the participant came by.
  public var identifiers: [RecruitingIdentifier: String]

  public init(
    participant: String, slot: Int, status: Status, isPilot: Bool = false, consented: String = "",
    consentDigest: String = "", finished: String = "",
    identifiers: [RecruitingIdentifier: String] = [:]
  ) {
    self.participant = participant
    self.slot = slot
    self.status = status
    self.isPilot = isPilot
    self.consented = consented
    self.consentDigest = consentDigest
    self.finished = finished
    self.identifiers = identifiers
  }

  /// The columns that every file has, those of earlier versions too.
  static let requiredColumns = ["participant", "slot", "status", "consented", "finished"]
  static let columns =
    [
      "participant", "slot", "status", "pilot", "consented", "consent_sha256", "finished",
    ] + RecruitingIdentifier.allCases.map(\.column)

  init(_ row: CSVReader.Row) throws {
    participant = row.text("participant")
    guard !participant.isEmpty else { throw row.wrong("participant", "a participant's code") }
    slot = try row.int("slot", in: 1...1_000_000)
    status = try row.word("status", Status.self)
    isPilot = row.has("pilot") ? try row.truth("pilot") : false
    consented = row.text("consented")
    consentDigest = row.has("consent_sha256") ? row.text("consent_sha256") : ""
    finished = row.text("finished")
    identifiers = [:]
    for identifier in RecruitingIdentifier.allCases where row.has(identifier.column) {
      let value = row.text(identifier.column)
      if !value.isEmpty { identifiers[identifier] = value }
    }
    // Earlier versions wrote all of them into one column.
    if row.has("external") { identifiers.merge(Self.identifiers(in: row.text("external"))) { $1 } }
  }

  /// The identifiers in one line, such as `PROLIFIC_PID=a STUDY_ID=b`. The database stores this form.
  public static func identifiers(in line: String) -> [RecruitingIdentifier: String] {
    let pairs = line.split(separator: " ").compactMap { word -> (RecruitingIdentifier, String)? in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let name = RecruitingIdentifier(rawValue: parts[0]) else {
        return nil
      }
      return (name, parts[1])
    }
    return Dictionary(pairs) { first, _ in first }
  }

  var fields: [String] {
    [
      participant, "\(slot)", status.rawValue, isPilot ? "true" : "false", consented, consentDigest,
      finished,
    ] + RecruitingIdentifier.allCases.map { identifiers[$0] ?? "" }
  }
}
