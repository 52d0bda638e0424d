import Foundation
import HumanStudy
import Support
import Testing

@testable import StudyServer

/// Who may see what, how often callers may ask, and what the log says.
@Suite("Access to the study's service")
struct ServiceAccessTests {
  private let tiny: TinyStudy
  private let service: StudyService
  private let caller: ServiceCaller

  init() throws {
    tiny = try TinyStudy(sheets: 1)
    service = StudyService(try tiny.database(), rates: .init(participantBurst: 10_000))
    caller = ServiceCaller(service)
  }

  @Test("A participant sees pictures of their own list only, and no later one than the next")
  func pictures() async throws {
    let (first, second) = (try await caller.newcomer(), try await caller.newcomer())
    let lists = service.database.study.lists
    func served(_ secret: String?, _ name: String) async -> HTTPStatus {
      await caller.ask(.get, "/api/image/\(name)", secret).status
    }
    #expect(await served(first, "s9001") == .ok)
    #expect(await served(first, "s9002") == .ok)
    #expect(await served(first, lists[0][2].stimulus) == .notFound)
    #expect(await served(nil, "s9001") == .unauthorized)
    for position in 1...2 { _ = await caller.answer(first, position, 1, "na") }
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

  @Test("The key, the design, the lists and the database have no address")
  func addresses() async throws {
    let secret = try await caller.newcomer()
    let files = [
      "key.csv", "design.yaml", "trials.csv", "study.json", "answers.sqlite", "answers.csv",
      "sheets.csv",
    ]
    for path in files.flatMap({ ["/\($0)", "/images/../\($0)", "/api/\($0)", "//\($0)"] }) + [
      "/images/s0001.png", "/data.js", "/file.js",
    ] {
      #expect(await caller.ask(.get, path, secret).status == .notFound, "\(path)")
    }
    let told = String(decoding: await caller.ask(.get, "/api/study").body, as: UTF8.self)
    #expect(!told.contains("s0001") && !told.contains("s9001") && !told.contains("practiceLabels"))
  }

  @Test("The page uses no other host and allows none, and its title is escaped")
  func page() async throws {
    let page = await caller.ask(.get, "/")
    let text = String(decoding: page.body, as: UTF8.self)
    #expect(
      page.status == .ok && text.contains("<title>Tiny &lt;study&gt;</title>")
        && !text.contains("{{"))
    for path in ["/", "/study.css", "/tools.js", "/server.js", "/page.js"] {
      let body = String(decoding: await caller.ask(.get, path).body, as: UTF8.self)
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

  @Test("A study by invitation gives out no secrets, and accepts those of links that were made")
  func invited() async throws {
    let secrets = try await StudyServer.makeLinks(tiny.folder, count: 2)
    let closed = ServiceCaller(StudyService(try tiny.database(), isOpen: false))
    #expect(await closed.ask(.post, "/api/ticket").status == .forbidden)
    let stranger = await closed.ask(.post, "/api/consent", Secret().text, closed.agreed)
    #expect(stranger.status == .unauthorized)
    let opened = await closed.ask(.post, "/api/open", secrets[0], #"{"screen": "1x1 mouse"}"#)
    #expect(try closed.state(opened).stage == .consent)
    let consented = await closed.ask(.post, "/api/consent", secrets[0], closed.agreed)
    #expect(try closed.state(consented).stage == .trials)
  }

  @Test("A participant who asks too often is told to wait, and others are not affected")
  func rates() async throws {
    let strict = ServiceCaller(
      StudyService(try tiny.database(), rates: .init(participantBurst: 5, participantPerSecond: 0)))
    let secrets = try await StudyServer.makeLinks(tiny.folder, count: 2)
    func open(_ secret: String) async -> HTTPStatus {
      await strict.ask(.post, "/api/open", secret, #"{"screen": "1x1 mouse"}"#).status
    }
    for _ in 0..<5 { #expect(await open(secrets[0]) == .ok) }
    #expect(await open(secrets[0]) == .tooManyRequests)
    #expect(await open(secrets[1]) == .ok)
  }

  @Test("The log names participants by their codes, and contains no secret and no identifier")
  func log() async throws {
    let lines = Lines()
    let logged = ServiceCaller(StudyService(try tiny.database(), log: { lines.append($0) }))
    let secret = Secret().text
    let consent = logged.agreed.replacing("{}", with: #"{"PROLIFIC_PID": "somebody"}"#)
    for (path, body) in [
      ("/api/consent", consent), ("/api/answer", "{}"), ("/api/withdraw", "{}"),
    ] {
      _ = await logged.ask(.post, path, secret, body, from: "192.0.2.1")
    }
    #expect(lines.all == ["p1 consented, list 1", "p1 withdrew"])
  }

  private final class Lines: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [String] = []
    func append(_ line: String) { lock.withLock { all.append(line) } }
  }
}
