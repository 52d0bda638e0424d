import Foundation
import GRDB
import HumanStudy
import Support
import Testing

@testable import StudyServer

@Suite("The study's database")
struct StudyDatabaseTests {
  private let tiny: TinyStudy
  private let database: StudyDatabase

  init() throws {
    tiny = try TinyStudy()
    database = try tiny.database()
  }

  /// Adds a participant who has consented and opened the page.
  private func enrolled(_ external: [String: String] = [:]) async throws -> Participant {
    let database = database
    return try await database.write { rows in
      let id = try StudyDatabase.add(Secret(), .open, rows)
      try database.enrol(
        id, consent: database.study.consentDigest, #require(ExternalIdentity(external)), rows)
      var participant = try StudyDatabase.participant(id, rows)
      try StudyDatabase.openSession(&participant, screen: "1x1 mouse", rows)
      return participant
    }
  }

  /// Adds an answer; a choice of nil is a timeout.
  @discardableResult
  private func answer(
    _ who: Participant, _ position: Int, _ question: Int, _ choice: Choice?
  ) async throws -> Participant {
    let database = database
    return try await database.write { rows in
      var participant = try StudyDatabase.participant(who.id, rows)
      let step = Course.Step(position: position, question: question)
      try database.add(
        GivenAnswer(step: step, choice: choice, ending: choice == nil ? .timeout : .response),
        of: &participant, rows)
      // The participant in memory equals the one that is stored.
      #expect(try participant == StudyDatabase.participant(who.id, rows))
      return participant
    }
  }

  @Test("Commits wait for the disk, foreign keys are enforced, and the log is written ahead")
  func pragmas() async throws {
    let values = try await database.write { rows in
      try ["synchronous", "foreign_keys", "journal_mode"].map {
        try String.fetchOne(rows, sql: "PRAGMA \($0)")
      }
    }
    #expect(values == ["2", "1", "wal"])
  }

  @Test("No program can change, remove or replace a row")
  func onlyAdded() async throws {
    let somebody = try await enrolled(["PROLIFIC_PID": "abc"])
    try await answer(somebody, 1, 1, .label(0))
    let before = try database.inspect {
      try String.fetchAll($0, sql: "SELECT quote(choice) FROM answer")
    }
    let other = try DatabaseQueue(path: tiny.folder.database.path)
    for statement in [
      "UPDATE answer SET choice = '1'", "DELETE FROM answer", "DELETE FROM participant",
      "UPDATE enrolment SET slot = 2",
      "INSERT OR REPLACE INTO answer SELECT participant, session, position, phase, stimulus, "
        + "question, '2', ended_on, rt_ms, server_ms, time FROM answer",
      "REPLACE INTO enrolment SELECT participant, 3, consent_sha256, time, external, identity "
        + "FROM enrolment",
      "DELETE FROM study",
    ] {
      #expect(throws: DatabaseError.self) { try other.write { try $0.execute(sql: statement) } }
    }
    #expect(
      try database.inspect { try String.fetchAll($0, sql: "SELECT quote(choice) FROM answer") }
        == before)
  }

  @Test(
    "Answers must follow the list; an answer sent again is stored once, a different one is refused")
  func order() async throws {
    let somebody = try await enrolled()
    try await answer(somebody, 1, 1, .label(0))
    try await answer(somebody, 1, 1, .label(0))
    for (position, question, choice) in [
      (1, 1, Choice.label(1)), (2, 1, .label(0)), (3, 1, .none), (900, 1, .none),
    ] {
      await #expect(throws: StudyDatabase.Refusal.outOfTurn) {
        try await answer(somebody, position, question, choice)
      }
    }
    // The second label must be a class, and not the one that was named first.
    for choice in [Choice.label(0), .label(3)] {
      await #expect(throws: StudyDatabase.Refusal.notAnAnswer) {
        try await answer(somebody, 1, 2, choice)
      }
    }
    try await answer(somebody, 1, 2, .label(2))
    // The second question is not asked after "none of them" or a timeout.
    try await answer(somebody, 2, 1, Choice.none)
    try await answer(somebody, 3, 1, nil)
    let last = try await answer(somebody, 4, 1, .label(1))
    #expect(try database.inspect { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM answer") } == 5)
    #expect(last.lastStep == Course.Step(position: 4, question: 1))
  }

  @Test(
    "A newcomer gets the list that the fewest active and finished participants have")
  func slots() async throws {
    let database = database
    let impatient = try StudyDatabase(tiny.folder.database, tiny.loaded(), patience: 1e-9)
    var people: [Participant] = []
    for _ in 1...5 { people.append(try await enrolled()) }
    #expect(people.map(\.slot) == [1, 2, 3, 4, 1])
    // With almost no patience all participants count as having dropped out, so every list is free.
    #expect(try impatient.inspect { try impatient.leastFilledSlot($0) } == 1)
    #expect(try database.inspect { try database.leastFilledSlot($0) } == 2)
    let third = people[2]
    _ = try await database.write { rows in
      var participant = third
      try StudyDatabase.withdraw(&participant, rows)
    }
    #expect(try database.inspect { try database.leastFilledSlot($0) } == 3)
    for position in 1...8 { try await answer(people[0], position, 1, Choice.none) }
    let first = people[0]
    try await database.write { rows in
      var participant = try StudyDatabase.participant(first.id, rows)
      try database.finish(&participant, rows)
    }
    #expect(try impatient.inspect { try impatient.leastFilledSlot($0) } == 2)
  }

  @Test("Who withdraws after finishing is paid: the code is exported, but no answer is")
  func withdrawnAfterFinishing() async throws {
    let somebody = try await enrolled(["PROLIFIC_PID": "abc"])
    for position in 1...8 { try await answer(somebody, position, 1, Choice.none) }
    let database = database
    try await database.write { rows in
      var participant = try StudyDatabase.participant(somebody.id, rows)
      try database.finish(&participant, code: "ABCD-1234", rows)
      try StudyDatabase.withdraw(&participant, rows)
    }
    #expect(
      try database.export(to: tiny.folder)
        == StudyExport(participants: 1, finished: 0, withdrawn: 1, answers: 0))
    let completion = try String(
      contentsOf: tiny.folder.url.appending(path: "completion.csv"), encoding: .utf8)
    #expect(
      completion == """
        participant,code,prolific_pid,worker_id,study_id,session_id,assignment_id,hit_id
        p1,ABCD-1234,abc,,,,,

        """)
  }

  @Test("Finishing before the last answer, and a second consent with one identifier, are refused")
  func refusals() async throws {
    let somebody = try await enrolled(["PROLIFIC_PID": "abc", "STUDY_ID": "s"])
    let database = database
    await #expect(throws: StudyDatabase.Refusal.outOfTurn) {
      try await database.write { rows in
        var participant = somebody
        try database.finish(&participant, rows)
      }
    }
    await #expect(throws: StudyDatabase.Refusal.identityTaken) {
      try await enrolled(["PROLIFIC_PID": "abc"])
    }
    #expect(
      ExternalIdentity(["PROLIFIC_PID": "a b"]) == nil
        && ExternalIdentity(["SESSION_ID": String(repeating: "a", count: 65)]) == nil)
    #expect(ExternalIdentity(["PROLIFIC_PID": "a", "other": "'; DROP"])?.text == "PROLIFIC_PID=a")
  }

  @Test(
    "Of changes in one transaction, failed ones are undone alone, and others are stored on return")
  func groups() async throws {
    let somebody = try await enrolled()
    let database = database
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          let kind = number % 3 == 0 ? nil : "blur"
          let done: Void? = try? await database.write { rows in
            guard let kind else { throw StudyDatabase.Refusal.ended }
            try StudyDatabase.add(
              event: kind, position: number, milliseconds: 1, of: somebody, rows)
          }
          guard done != nil else { return false }
          let isStored = try? database.inspect {
            try Bool.fetchOne(
              $0, sql: "SELECT EXISTS (SELECT 1 FROM event WHERE position = ?)", arguments: [number]
            )
          }
          return isStored == true
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(outcomes == 133)
    #expect(try database.inspect { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM event") } == 133)
  }

  @Test("A database of another study, and a file that is not a database, are refused")
  func others() async throws {
    let other = try TinyStudy(slots: 2)
    let mixed = #expect(throws: Failure.self) {
      try StudyDatabase(tiny.folder.database, other.loaded())
    }
    #expect(
      mixed?.kind == .badData && mixed?.message.contains("another version of this study") == true)
    let place = tiny.temporary.appending("noise.sqlite")
    try Data(repeating: 77, count: 5_000).write(to: place)
    #expect(throws: Failure.self) { try StudyDatabase(place, tiny.loaded()) }
  }

  @Test("Secrets have 128 random bits, and no secret occurs twice")
  func secrets() {
    let secrets = (0..<1_000).map { _ in Secret().text }
    #expect(Set(secrets).count == 1_000 && secrets.allSatisfy { Secret($0) != nil })
    #expect(Secret("short") == nil && Secret(String(repeating: "I", count: 26)) == nil)
    // Each half of a secret has 64 bits in 13 letters of five bits. So the last letter of a half
    // has only four bits and takes 16 values, and all others take 32.
    let seen = (0..<26).map { place in Set(secrets.map { Array($0)[place] }).count }
    #expect(
      seen.enumerated().allSatisfy { $0.offset % 13 == 12 ? $0.element == 16 : $0.element == 32 })
  }
}
