import Foundation
import HumanStudy
import Support
import Testing

@testable import StudyServer

@Suite("The study's service")
struct StudyServiceTests {
  private let tiny: TinyStudy
  private let service: StudyService

  init() throws {
    tiny = try TinyStudy(sheets: 1)
    service = StudyService(try tiny.database(), rates: .init(participantBurst: 10_000))
  }

  private func ask(
    _ method: HTTPRequest.Method, _ path: String, _ secret: String? = nil, _ body: String = "{}"
  ) async
    -> HTTPResponse
  {
    var headers = ["host": "h", "content-type": "application/json"]
    if let secret { headers["authorization"] = "Bearer \(secret)" }
    let request = HTTPRequest(
      method: method, path: path, query: [:], headers: headers, body: Array(body.utf8),
      keepsAlive: true)
    return await service.answer(request, from: "test")
  }

  private func state(_ response: HTTPResponse) throws -> PageState {
    try JSONDecoder().decode(PageState.self, from: Data(response.body))
  }

  private var agreed: String {
    #"{"consent": "\#(Digest.hex(of: tiny.study.consent))", "external": {}, "screen": "390x844 touch"}"#
  }

  private func newcomer() async throws -> String {
    let ticket = await ask(.post, "/api/ticket")
    let secret = try JSONDecoder().decode(PageMessage.Ticket.self, from: Data(ticket.body)).secret
    #expect(await ask(.post, "/api/consent", secret, agreed).status == .ok)
    return secret
  }

  private func answer(_ secret: String, _ position: Int, _ question: Int, _ choice: String) async
    -> HTTPResponse
  {
    let choice = choice == "null" ? choice : "\"\(choice)\""
    let body =
      #"{"position":\#(position),"question":\#(question),"choice":\#(choice),"endedOn":"response","milliseconds":812.34}"#
    return await ask(.post, "/api/answer", secret, body)
  }

  @Test("There are no data before the consent, and only the consent to this very text counts")
  func consent() async throws {
    let ticket = try JSONDecoder().decode(
      PageMessage.Ticket.self, from: Data(await ask(.post, "/api/ticket").body)
    ).secret
    #expect(
      try service.database.inspect { try StudyDatabase.participant(Secret(ticket)!, $0) } == nil)
    let other = agreed.replacing(
      Digest.hex(of: tiny.study.consent), with: Digest.hex(of: "another text"))
    #expect(await ask(.post, "/api/consent", ticket, other).status == .conflict)
    #expect(await answer(ticket, 1, 1, "0").status == .unauthorized)
    #expect(
      try service.database.inspect { try StudyDatabase.participant(Secret(ticket)!, $0) } == nil)
    // Sent twice because the first answer was lost: one participant, two openings.
    let states = try [
      state(await ask(.post, "/api/consent", ticket, agreed)),
      state(await ask(.post, "/api/consent", ticket, agreed)),
    ]
    #expect(states.map(\.session) == [1, 2] && states.map(\.trial?.position) == [1, 1])
    #expect(
      try service.database.inspect { try StudyDatabase.participant(Secret(ticket)!, $0) }?.id == 1)
  }

  @Test(
    "Practice is told apart and gets feedback; after the last answer come the sheets, then the code, each at its time"
  )
  func course() async throws {
    let secret = try await newcomer()
    let opened = try state(await ask(.post, "/api/open", secret, #"{"screen": "390x844 touch"}"#))
    #expect(
      opened.session == 2 && opened.practice == 2 && opened.trials == 8
        && opened.trial?.isPractice == true)
    #expect(
      try state(await answer(secret, 1, 1, "0")).trial
        == .init(
          position: 1, question: 2, stimulus: "s9001", following: "s9002", isPractice: true,
          first: 0))
    #expect(try state(await answer(secret, 1, 2, "2")).feedback == .init(label: 1, chosen: 0))
    #expect(try state(await answer(secret, 2, 1, "na")).feedback == .init(label: 2, chosen: nil))
    #expect(await ask(.post, "/api/finish", secret).status == .conflict)
    #expect(await ask(.get, "/api/sheet/sheet-0", secret).status == .notFound)
    for position in 3...8 {
      let after = try state(await answer(secret, position, 1, "na"))
      #expect(after.feedback == nil)
    }
    let done = try state(await ask(.post, "/api/open", secret, #"{"screen": "1x1 mouse"}"#))
    #expect(done.stage == .comments && done.sheets?.map(\.name) == ["sheet-0"])
    #expect(await ask(.get, "/api/sheet/sheet-0", secret).type == "image/png")
    #expect(
      await ask(
        .post, "/api/comment", secret,
        #"{"sheet": "sheet-0", "text": "Robert'); DROP TABLE answer;--"}"#
      )
      .status == .ok)
    let finished = try state(await ask(.post, "/api/finish", secret))
    let again = try state(await ask(.post, "/api/finish", secret))
    #expect(finished.stage == .finished && finished.code?.count == 9 && again.code == finished.code)
    #expect(await answer(secret, 9, 1, "0").status == .conflict)
  }

  @Test("Nobody sees a picture before its time, another's, or what is none")
  func pictures() async throws {
    let (first, second) = (try await newcomer(), try await newcomer())
    let lists = service.database.study.lists
    func served(_ secret: String?, _ name: String) async -> HTTPStatus {
      await ask(.get, "/api/image/\(name)", secret).status
    }
    #expect(await served(first, "s9001") == .ok)
    #expect(await served(first, "s9002") == .ok)
    #expect(await served(first, lists[0][2].stimulus) == .notFound)
    #expect(await served(nil, "s9001") == .unauthorized)
    for position in 1...2 { _ = await answer(first, position, 1, "na") }
    for (secret, place, status) in [
      (first, 2, HTTPStatus.ok), (first, 3, .ok), (first, 4, .notFound), (second, 2, .notFound),
    ] {
      #expect(await served(secret, lists[0][place].stimulus) == status)
    }
    for name in [
      "../key.csv", "..%2fkey.csv", "s9001.png", "", "s9001/", "../../../../etc/passwd", "S9001",
    ] {
      #expect(await served(first, name) == .notFound)
    }
  }

  @Test("The key, the design, the lists and the database are at no address")
  func addresses() async throws {
    let secret = try await newcomer()
    let files = [
      "key.csv", "design.yaml", "trials.csv", "study.json", "answers.sqlite", "answers.csv",
      "sheets.csv",
    ]
    for path in files.flatMap({ ["/\($0)", "/images/../\($0)", "/api/\($0)", "//\($0)"] }) + [
      "/images/s0001.png", "/data.js", "/file.js",
    ] {
      #expect(await ask(.get, path, secret).status == .notFound, "\(path)")
    }
    let told = String(decoding: await ask(.get, "/api/study").body, as: UTF8.self)
    #expect(!told.contains("s0001") && !told.contains("s9001") && !told.contains("practiceLabels"))
  }

  @Test("The page names no other host, allows none, and carries its title as text")
  func page() async throws {
    let page = await ask(.get, "/")
    let text = String(decoding: page.body, as: UTF8.self)
    #expect(
      page.status == .ok && text.contains("<title>Tiny &lt;study&gt;</title>")
        && !text.contains("{{"))
    for path in ["/", "/study.css", "/tools.js", "/server.js", "/page.js"] {
      let body = String(decoding: await ask(.get, path).body, as: UTF8.self)
      #expect(
        !body.isEmpty && !body.contains("http:") && !body.contains("https:")
          && !body.contains("//cdn"), "\(path)")
    }
    let sent = String(decoding: page.bytes(keepsAlive: true, onlyHead: true), as: UTF8.self)
    for field in [
      "default-src 'none'", "frame-ancestors 'none'", "nosniff", "no-referrer", "no-store",
    ] {
      #expect(sent.contains(field))
    }
    #expect(sent.hasSuffix("\r\n\r\n") && sent.contains("Content-Length: \(page.body.count)\r\n"))
  }

  @Test("An answer that is none is refused, and nothing of it is stored")
  func junk() async throws {
    let secret = try await newcomer()
    let good = #"{"position":1,"question":1,"choice":"0","endedOn":"response","milliseconds":5}"#
    for (part, junk) in [
      (#""0""#, #""3""#), (#""0""#, #""-1""#), (#""0""#, #""00""#), (#""0""#, #""1; DROP""#),
      (#""0""#, "0"),
      (#""0""#, "null"),
      (#""question":1"#, #""question":3"#), (#""question":1"#, #""question":1.5"#),
      ("response", "telepathy"),
      (":5", ":-5"),
      (":5", ":1e300"), (":5", ":86400001"), ("{", "[[[[["), (good, ""),
      (good, String(repeating: "[", count: 8_000)),
    ] {
      let body = good.replacing(part, with: junk)
      #expect(
        await ask(.post, "/api/answer", secret, body).status == .badRequest, "\(body.prefix(90))")
    }
    #expect(
      await ask(
        .post, "/api/answer", secret, good.replacing(#""position":1"#, with: #""position":2"#)
      ).status
        == .conflict)
    #expect(
      try service.database.export(to: StudyFolder(tiny.temporary.appending("out"))).answers == 0)
    #expect(await ask(.post, "/api/answer", secret, good).status == .ok)
  }

  @Test("Who stops is out: no picture, no answer, and nothing of theirs is written out")
  func withdrawal() async throws {
    let secret = try await newcomer()
    for position in 1...4 { _ = await answer(secret, position, 1, "na") }
    #expect(try state(await ask(.post, "/api/withdraw", secret)).stage == .withdrawn)
    #expect(await ask(.get, "/api/image/s9001", secret).status == .notFound)
    #expect(await answer(secret, 5, 1, "na").status == .conflict)
    let out = StudyFolder(tiny.temporary.appending("out"))
    #expect(
      try service.database.export(to: out)
        == StudyExport(participants: 1, finished: 0, withdrawn: 1, answers: 0))
    #expect(try out.readParticipants().map(\.status) == [.withdrawn])
  }

  @Test("By invitation only: no open door, and a link works once per person, on any device")
  func invited() async throws {
    let secrets = try await StudyServer.makeLinks(tiny.folder, count: 2)
    let closed = StudyService(try tiny.database(), isOpen: false)
    func ask(_ path: String, _ secret: String?, _ body: String) async -> HTTPResponse {
      var headers = ["content-type": "application/json"]
      if let secret { headers["authorization"] = "Bearer \(secret)" }
      return await closed.answer(
        HTTPRequest(
          method: .post, path: path, query: [:], headers: headers, body: Array(body.utf8),
          keepsAlive: true),
        from: "")
    }
    #expect(await ask("/api/ticket", nil, "{}").status == .forbidden)
    #expect(await ask("/api/consent", Secret().text, agreed).status == .unauthorized)
    #expect(
      try state(await ask("/api/open", secrets[0], #"{"screen": "1x1 mouse"}"#)).stage == .consent)
    #expect(try state(await ask("/api/consent", secrets[0], agreed)).stage == .trials)
  }

  @Test("Who asks too often is told to wait, and nobody else is")
  func rates() async throws {
    let strict = StudyService(
      try tiny.database(), rates: .init(participantBurst: 5, participantPerSecond: 0))
    let secrets = try await StudyServer.makeLinks(tiny.folder, count: 2)
    func open(_ secret: String) async -> HTTPStatus {
      let headers = ["content-type": "application/json", "authorization": "Bearer \(secret)"]
      return await strict.answer(
        HTTPRequest(
          method: .post, path: "/api/open", query: [:], headers: headers,
          body: Array(#"{"screen": "1x1 mouse"}"#.utf8),
          keepsAlive: true), from: ""
      ).status
    }
    for _ in 0..<5 { #expect(await open(secrets[0]) == .ok) }
    #expect(await open(secrets[0]) == .tooManyRequests)
    #expect(await open(secrets[1]) == .ok)
  }

  @Test("The log names people by their numbers, and nothing that is secret")
  func log() async throws {
    let lines = Lines()
    let telling = StudyService(try tiny.database(), log: { lines.append($0) })
    let secret = Secret().text
    let headers = ["content-type": "application/json", "authorization": "Bearer \(secret)"]
    for (path, body) in [
      ("/api/consent", agreed.replacing("{}", with: #"{"PROLIFIC_PID": "somebody"}"#)),
      ("/api/answer", "{}"),
      ("/api/withdraw", "{}"),
    ] {
      _ = await telling.answer(
        HTTPRequest(
          method: .post, path: path, query: [:], headers: headers, body: Array(body.utf8),
          keepsAlive: true),
        from: "192.0.2.1")
    }
    #expect(lines.all == ["p1 consented, list 1", "p1 withdrew"])
  }

  private final class Lines: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [String] = []
    func append(_ line: String) { lock.withLock { all.append(line) } }
  }
}
