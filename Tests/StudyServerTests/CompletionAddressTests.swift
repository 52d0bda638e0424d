import Foundation
import HumanStudy
import Support
import TestSupport
import Testing

@testable import StudyServer

/// Who knows the completion address can claim to have taken part, so nobody may learn it before the
/// end.
@Suite("The completion address")
struct CompletionAddressTests {
  private static let address = "https://recruiting.example/done?cc=C0MPLETED"

  /// Whether an answer of the server contains a part of the address, in its head or in its body.
  private func tells(_ response: HTTPResponse) -> Bool {
    let bytes = response.bytes(keepsAlive: true, onlyHead: false)
    let sent = String(decoding: bytes, as: UTF8.self)
    return sent.contains("recruiting.example") || sent.contains("C0MPLETED")
  }

  @Test("No answer of the server contains it before the participant has finished")
  func wholeSession() async throws {
    let tiny = try TinyStudy(sheets: 1) { $0.pause = 1 }
    let service = StudyService(
      try tiny.database(), completionURL: Self.address, rates: .init(participantBurst: 10_000))
    let caller = ServiceCaller(service)
    var responses: [HTTPResponse] = []
    func ask(
      _ method: HTTPRequest.Method, _ path: String, _ secret: String? = nil, _ body: String = "{}"
    ) async -> HTTPResponse {
      let response = await caller.ask(method, path, secret, body)
      responses.append(response)
      return response
    }
    let screen = #"{"screen": "390x844 touch"}"#
    for path in ["/", "/study.css", "/api/study", "/favicon.ico", "/nothing"]
      + StudyPage.withServer.map({ "/\($0)" })
    {
      _ = await ask(.get, path)
    }
    let ticket = try JSONDecoder().decode(
      PageMessage.Ticket.self, from: Data(await ask(.post, "/api/ticket").body))
    let secret = ticket.secret
    for path in ["open", "finish", "withdraw"] {
      _ = await ask(.post, "/api/\(path)", secret, screen)
    }
    _ = await ask(.post, "/api/consent", secret, caller.agreed)
    for position in 1...8 {
      _ = await ask(.post, "/api/open", secret, screen)
      _ = await ask(.post, "/api/finish", secret)
      _ = await ask(
        .get, "/api/image/\(service.database.study.lists[0][position - 1].stimulus)", secret)
      responses.append(await caller.answer(secret, position, 1, "0"))
      _ = await ask(.post, "/api/undo", secret, #"{"position": \#(position), "question": 1}"#)
      responses.append(await caller.answer(secret, position, 1, "na"))
      responses.append(await caller.answer(secret, position, 2, "1"))
    }
    _ = await ask(.get, "/api/sheet/sheet-0", secret)
    _ = await ask(.post, "/api/demographics", secret, #"{"choices": {}}"#)
    _ = await ask(.post, "/api/comment", secret, #"{"sheet": "", "text": "done"}"#)
    let early = responses
    #expect(early.count > 50 && !early.contains(where: tells))

    let finished = try caller.state(await ask(.post, "/api/finish", secret))
    #expect(finished.stage == .finished && finished.completionURL == Self.address)
    #expect(try caller.state(await ask(.post, "/api/open", secret, screen)).completionURL != nil)
    // Others still do not learn it, and neither does somebody who withdraws.
    let other = try await caller.newcomer()
    #expect(!tells(await ask(.post, "/api/open", other, screen)))
    #expect(!tells(await ask(.post, "/api/withdraw", other)))
    #expect(!tells(await ask(.post, "/api/finish", other)))
    #expect(!tells(await ask(.get, "/api/study", secret)))
  }

  @Test("The page without a server has none")
  func withoutServer() throws {
    let tiny = try TinyStudy()
    let out = tiny.temporary.appending("page")
    _ = try StaticPage.write(tiny.folder, to: out)
    let data = try String(contentsOf: out.appending(path: "data.js"), encoding: .utf8)
    #expect(!data.contains("completionURL"))
  }
}
