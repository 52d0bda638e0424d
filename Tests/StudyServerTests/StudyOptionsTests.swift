import Foundation
import GRDB
import HumanStudy
import Support
import Testing

@testable import StudyServer

/// Undo, the pilot, questions about the person, calibration, languages, and databases of earlier
/// versions.
@Suite("What a study may add")
struct StudyOptionsTests {
  private func caller(
    _ tiny: TinyStudy, isPilot: Bool = false, rates: StudyService.Rates = .init()
  ) throws -> ServiceCaller {
    ServiceCaller(StudyService(try tiny.database(), isPilot: isPilot, rates: rates))
  }

  @Test("The last answer can be undone until the next one is given, and both stay stored")
  func undo() async throws {
    let tiny = try TinyStudy { $0.pause = 1 }
    let caller = try caller(tiny)
    let secret = try await caller.newcomer()
    func undo(_ position: Int, _ question: Int) async throws -> (HTTPStatus, PageState.Trial?) {
      let body = #"{"position": \#(position), "question": \#(question)}"#
      let response = await caller.ask(.post, "/api/undo", secret, body)
      let refused = try? JSONDecoder().decode(
        PageMessage.Refused.self, from: Data(response.body))
      return (response.status, try refused?.state?.trial ?? caller.state(response).trial)
    }
    #expect(try await undo(1, 1).0 == .conflict)
    // The first answer to a practice picture can be undone, but not the last, after the feedback.
    _ = await caller.answer(secret, 1, 1, "0")
    #expect(try await undo(1, 1).1?.question == 1)
    _ = await caller.answer(secret, 1, 1, "na")
    #expect(try await undo(1, 1).0 == .conflict)
    _ = await caller.answer(secret, 2, 1, "na")
    // Both answers to a picture are undone, the second one first.
    _ = await caller.answer(secret, 3, 1, "0")
    _ = await caller.answer(secret, 3, 2, "1")
    #expect(try await undo(3, 1).0 == .conflict)
    let second = try await undo(3, 2)
    #expect(second.0 == .ok && second.1?.position == 3 && second.1?.question == 2)
    #expect(second.1?.first == 0)
    #expect(try await undo(3, 1).1?.question == 1)
    _ = await caller.answer(secret, 3, 1, "2")
    _ = await caller.answer(secret, 3, 2, "0")
    _ = await caller.answer(secret, 4, 1, "na")
    let refused = try await undo(3, 2)
    #expect(refused.0 == .conflict && refused.1?.position == 5)
    let export = try StudyServer.export(tiny.folder)
    let answers = try tiny.folder.readAnswers()
    #expect(export.answers == 5 && answers.count == 5)
    #expect(answers.filter { $0.position == 3 }.map(\.choice) == [.label(2), .label(0)])
    let undone = try String(contentsOf: tiny.folder.undone, encoding: .utf8).split(separator: "\n")
    #expect(undone.count == 1 + 3)
  }

  @Test("There is no undo with a time limit or without a pause")
  func withoutUndo() async throws {
    for tiny in [try TinyStudy(), try TinyStudy(secondsPerAnswer: 5) { $0.pause = 1 }] {
      let caller = try caller(tiny)
      let secret = try await caller.newcomer()
      _ = await caller.answer(secret, 1, 1, "0")
      let body = #"{"position": 1, "question": 1}"#
      #expect(await caller.ask(.post, "/api/undo", secret, body).status == .conflict)
    }
  }

  @Test("Who takes part in the pilot is marked, and does not use up lists")
  func pilot() async throws {
    let tiny = try TinyStudy()
    let trying = try caller(tiny, isPilot: true)
    _ = try await trying.newcomer()
    _ = try await trying.newcomer()
    _ = try await caller(tiny).newcomer()
    #expect(try StudyServer.export(tiny.folder).pilots == 2)
    let people = try tiny.folder.readParticipants()
    #expect(people.map(\.isPilot) == [true, true, false] && people.map(\.slot) == [1, 2, 1])
    let told = String(decoding: await trying.ask(.get, "/api/study").body, as: UTF8.self)
    #expect(told.contains(#""isPilot":true"#))
  }

  @Test("Answers about the person and the size of the screen are stored once, if they are possible")
  func person() async throws {
    let tiny = try TinyStudy {
      $0.calibration = true
      $0.demographics = [.init(name: "age", question: "Age?", choices: ["young", "old"])]
    }
    let caller = try caller(tiny)
    let secret = try await caller.newcomer()
    func ask(_ path: String, _ body: String) async -> HTTPResponse {
      await caller.ask(.post, "/api/\(path)", secret, body)
    }
    let opened = try caller.state(await ask("open", #"{"screen": "800x600 mouse"}"#))
    #expect(opened.needsCalibration == true)
    for wrong in ["-1", "0", "1e9", #""3""#] {
      let body = #"{"pixelsPerMillimetre": \#(wrong)}"#
      #expect(await ask("calibration", body).status == .badRequest)
    }
    let size = #"{"pixelsPerMillimetre": 3.75, "distanceMillimetres": 512.5}"#
    #expect(try caller.state(await ask("calibration", size)).needsCalibration == nil)
    _ = await ask("calibration", #"{"pixelsPerMillimetre": 9}"#)
    for wrong in [#"{"age": 2}"#, #"{"age": -1}"#, #"{"shoes": 0}"#] {
      #expect(await ask("demographics", #"{"choices": \#(wrong)}"#).status == .badRequest)
    }
    _ = await ask("demographics", #"{"choices": {"age": 1}}"#)
    _ = await ask("demographics", #"{"choices": {"age": 0}}"#)
    _ = try StudyServer.export(tiny.folder)
    let people = try String(contentsOf: tiny.folder.demographics, encoding: .utf8)
    #expect(people == "participant,question,choice\np1,age,old\n")
    let sessions = try String(contentsOf: tiny.folder.sessions, encoding: .utf8)
      .split(separator: "\n")
    #expect(sessions.count == 3 && sessions[2].hasSuffix("800,600,false,3.75,512.5"))
  }

  @Test("The page and the refusals are in the study's language, which cannot inject anything")
  func language() async throws {
    let tiny = try TinyStudy {
      $0.language = "de"
      $0.texts = [
        "page.leave": "Teilnahme </script> {{title}} \"beenden\"", "refused.link": "Ungültig.",
      ]
    }
    let caller = try caller(tiny)
    let page = String(decoding: await caller.ask(.get, "/").body, as: UTF8.self)
    #expect(page.contains("<html lang=\"de\">"))
    #expect(page.contains("Teilnahme &lt;/script&gt; {{title}} &quot;beenden&quot;</button>"))
    #expect(page.contains(#""page.leave":"Teilnahme \u003c/script>"#))
    let refused = await caller.ask(.post, "/api/open", "wrong", #"{"screen": "1x1 mouse"}"#)
    #expect(String(decoding: refused.body, as: UTF8.self).contains("Ungültig."))
  }

  @Test("A caller who must wait is told for how long")
  func retryAfter() async throws {
    let rates = StudyService.Rates(
      participantBurst: 1, participantPerSecond: 1.0 / 2000, newBurst: 1, newPerSecond: 1.0 / 2500)
    let caller = try caller(try TinyStudy(), rates: rates)
    let secret = try await caller.newcomer()
    let refused = await caller.ask(.post, "/api/open", secret, #"{"screen": "1x1 mouse"}"#)
    let newcomer = await caller.ask(.post, "/api/consent", Secret().text, caller.agreed)
    for (response, seconds) in [(refused, 2000), (newcomer, 2500)] {
      let sent = String(
        decoding: response.bytes(keepsAlive: true, onlyHead: true), as: UTF8.self)
      #expect(response.status == .tooManyRequests)
      #expect(sent.contains("\r\nRetry-After: \(seconds)\r\n"), "\(sent)")
    }
    #expect(RateLimiter(burst: 60, perSecond: 20).retryAfter == 1)
  }

  @Test("A database of an earlier version is opened, and its participants continue")
  func earlier() async throws {
    let tiny = try TinyStudy()
    let before = try caller(tiny)
    let secret = try await before.newcomer()
    _ = await before.answer(secret, 1, 1, "na")
    let old = try DatabaseQueue(path: tiny.folder.database.path)
    try await old.write { rows in
      try rows.execute(sql: "DROP VIEW given")
      for table in ["undo", "revision", "pilot", "calibration", "demographic"] {
        try rows.execute(sql: "DROP TABLE \(table)")
      }
    }
    try old.close()
    let caller = try caller(tiny)
    let state = try caller.state(
      await caller.ask(.post, "/api/open", secret, #"{"screen": "1x1 mouse"}"#))
    #expect(state.session == 2 && state.trial?.position == 2)
    _ = await caller.answer(secret, 2, 1, "na")
    #expect(try StudyServer.export(tiny.folder).answers == 2)
  }
}
