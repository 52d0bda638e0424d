import Foundation
import HumanStudy
import Support
import Testing

@testable import StudyServer

/// What a participant does, from the consent to the end.
@Suite("The study's service")
struct StudyServiceTests {
  private let tiny: TinyStudy
  private let service: StudyService
  private let caller: ServiceCaller

  init() throws {
    tiny = try TinyStudy(sheets: 1)
    service = StudyService(try tiny.database(), rates: .init(participantBurst: 10_000))
    caller = ServiceCaller(service)
  }

  @Test("Nothing is stored before the consent, and only a consent to the study's text counts")
  func consent() async throws {
    let ticket = try await caller.ticket()
    #expect(
      try service.database.inspect { try StudyDatabase.participant(Secret(ticket)!, $0) } == nil)
    let other = caller.agreed.replacing(
      Digest.hex(of: tiny.study.consent), with: Digest.hex(of: "another text"))
    #expect(await caller.ask(.post, "/api/consent", ticket, other).status == .conflict)
    #expect(await caller.answer(ticket, 1, 1, "0").status == .unauthorized)
    #expect(
      try service.database.inspect { try StudyDatabase.participant(Secret(ticket)!, $0) } == nil)
    // The page sends the consent again if it did not receive the reply. Then there is one
    // participant with two sessions.
    let states = try [
      caller.state(await caller.ask(.post, "/api/consent", ticket, caller.agreed)),
      caller.state(await caller.ask(.post, "/api/consent", ticket, caller.agreed)),
    ]
    #expect(states.map(\.session) == [1, 2] && states.map(\.trial?.position) == [1, 1])
    #expect(
      try service.database.inspect { try StudyDatabase.participant(Secret(ticket)!, $0) }?.id == 1)
  }

  @Test(
    "Practice gets feedback, sheets come after the last answer, and the code comes after finishing")
  func course() async throws {
    let secret = try await caller.newcomer()
    let screen = #"{"screen": "390x844 touch"}"#
    let opened = try caller.state(await caller.ask(.post, "/api/open", secret, screen))
    #expect(
      opened.session == 2 && opened.practice == 2 && opened.trials == 8
        && opened.trial?.isPractice == true)
    #expect(
      try caller.state(await caller.answer(secret, 1, 1, "0")).trial
        == .init(
          position: 1, question: 2, stimulus: "s9001", following: "s9002", isPractice: true,
          first: 0))
    #expect(
      try caller.state(await caller.answer(secret, 1, 2, "2")).feedback
        == .init(label: 1, chosen: 0))
    #expect(
      try caller.state(await caller.answer(secret, 2, 1, "na")).feedback
        == .init(label: 2, chosen: nil))
    #expect(await caller.ask(.post, "/api/finish", secret).status == .conflict)
    #expect(await caller.ask(.get, "/api/sheet/sheet-0", secret).status == .notFound)
    for position in 3...8 {
      let after = try caller.state(await caller.answer(secret, position, 1, "na"))
      #expect(after.feedback == nil)
    }
    let done = try caller.state(await caller.ask(.post, "/api/open", secret, screen))
    #expect(done.stage == .comments && done.sheets?.map(\.name) == ["sheet-0"])
    #expect(await caller.ask(.get, "/api/sheet/sheet-0", secret).type == "image/png")
    let comment = #"{"sheet": "sheet-0", "text": "Robert'); DROP TABLE answer;--"}"#
    #expect(await caller.ask(.post, "/api/comment", secret, comment).status == .ok)
    let finished = try caller.state(await caller.ask(.post, "/api/finish", secret))
    let again = try caller.state(await caller.ask(.post, "/api/finish", secret))
    #expect(finished.stage == .finished && finished.code?.count == 9 && again.code == finished.code)
    #expect(await caller.answer(secret, 9, 1, "0").status == .conflict)
  }

  @Test("A message that is not a possible answer is refused, and nothing of it is stored")
  func impossibleAnswers() async throws {
    let secret = try await caller.newcomer()
    let good = #"{"position":1,"question":1,"choice":"0","endedOn":"response","milliseconds":5}"#
    for (part, wrong) in [
      (#""0""#, #""3""#), (#""0""#, #""-1""#), (#""0""#, #""00""#), (#""0""#, #""1; DROP""#),
      (#""0""#, "0"), (#""0""#, "null"), (#""question":1"#, #""question":3"#),
      (#""question":1"#, #""question":1.5"#), ("response", "telepathy"), (":5", ":-5"),
      (":5", ":1e300"), (":5", ":86400001"), ("{", "[[[[["), (good, ""),
      (good, String(repeating: "[", count: 8_000)),
    ] {
      let body = good.replacing(part, with: wrong)
      #expect(
        await caller.ask(.post, "/api/answer", secret, body).status == .badRequest,
        "\(body.prefix(90))")
    }
    let later = good.replacing(#""position":1"#, with: #""position":2"#)
    #expect(await caller.ask(.post, "/api/answer", secret, later).status == .conflict)
    #expect(
      try service.database.export(to: StudyFolder(tiny.temporary.appending("out"))).answers == 0)
    #expect(await caller.ask(.post, "/api/answer", secret, good).status == .ok)
  }

  @Test("A participant who withdraws gets no picture, gives no answer, and has no exported answers")
  func withdrawal() async throws {
    let secret = try await caller.newcomer()
    for position in 1...4 { _ = await caller.answer(secret, position, 1, "na") }
    #expect(
      try caller.state(await caller.ask(.post, "/api/withdraw", secret)).stage == .withdrawn)
    #expect(await caller.ask(.get, "/api/image/s9001", secret).status == .notFound)
    #expect(await caller.answer(secret, 5, 1, "na").status == .conflict)
    let out = StudyFolder(tiny.temporary.appending("out"))
    #expect(
      try service.database.export(to: out)
        == StudyExport(participants: 1, finished: 0, withdrawn: 1, answers: 0))
    #expect(try out.readParticipants().map(\.status) == [.withdrawn])
  }
}
