import Evaluation
import Foundation
import HumanStudy
import Support
import Testing

@testable import StudyServer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A TCP connection to a server on this machine that can send any bytes.
struct RawConnection {
  let file: Int32

  init(port: Int) throws {
    #if canImport(Glibc)
      file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      file = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(status == 0)
    // The server's tasks share a few threads with all other tests and may have to wait until these
    // have ended.
    var patience = timeval(tv_sec: 1200, tv_usec: 0)
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  func write(_ bytes: [UInt8]) { _ = send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

  /// Reads what arrives next, empty at the end of the connection; nil if nothing arrives in time.
  func read() async -> [UInt8]? {
    // The call blocks, so it runs on a thread of its own and not on one that the server's tasks
    // need.
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(file, &buffer, buffer.count, 0)
        continuation.resume(
          returning: count < 0 ? (errno == ECONNRESET ? [] : nil) : Array(buffer.prefix(count)))
      }
    }
  }

  func end() { close(file) }
}

@Suite("A served study")
struct ServedStudyTests {
  /// Runs a server while a body sends requests to its port.
  private func serving<Result: Sendable>(
    _ tiny: TinyStudy, limits: HTTPServer.Limits = .init(), _ body: (Int) async throws -> Result
  ) async throws -> Result {
    let service = StudyService(
      try tiny.database(), rates: .init(participantBurst: 10_000, newBurst: 10_000))
    let server = try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) {
      await service.answer($0, from: $1)
    }
    let running = Task { try await server.run() }
    defer { running.cancel() }
    return try await body(server.port)
  }

  @Test(
    "The answers of twelve simulated people are all stored, although one reloads and one never ends"
  )
  func endToEnd() async throws {
    let tiny = try TinyStudy(slots: 12, each: 8)
    try await serving(tiny) { port in
      let address = URL(string: "http://127.0.0.1:\(port)")!
      let digest = try tiny.loaded().consentDigest
      let stored = try await withThrowingTaskGroup(of: [PageMessage.Answer].self) { group in
        for number in 1...12 {
          let person = try tiny.person(number)
          group.addTask {
            var somebody = SimulatedParticipant(StudyClient(address: address), person)
            try await somebody.consent(digest, external: ["PROLIFIC_PID": "person-\(number)"])
            if number == 1 {
              try await somebody.answer(upTo: 7)
              let before = try #require(somebody.state)
              try await somebody.reopen()
              #expect(
                somebody.state?.trial == before.trial
                  && before.session < somebody.state?.session ?? 0)
            }
            try await somebody.answer(upTo: number == 2 ? 9 : .max)
            if number != 2 { try await somebody.finish() }
            return somebody.stored
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      let export = try StudyServer.export(tiny.folder)
      #expect(
        export == StudyExport(participants: 12, finished: 11, withdrawn: 0, answers: stored.count))
      let answers = try tiny.folder.readAnswers()
      let found = answers.compactMap { $0.choice?.text }.sorted()
      let given = stored.compactMap(\.choice).sorted()
      #expect(found == given)
      #expect(
        answers.allSatisfy { ($0.serverMilliseconds ?? -1) >= 0 && ($0.milliseconds ?? 0) >= 400 })
      let people = try tiny.folder.readParticipants()
      #expect(Set(people.map(\.slot)) == Set(1...12) && people.count { $0.status == .started } == 1)
      let targets = Dictionary(uniqueKeysWithValues: tiny.key.map { ($0.name, $0) })
      for (model, fooled) in zip(TinyStudy.models, [0.1, 0.6]) {
        let own = answers.filter { $0.question == 1 && targets[$0.stimulus]?.source == model }
        let named = own.count { $0.choice == .label(targets[$0.stimulus]!.target!) }
        // Participants consent at the same time, so lists and answers differ from run to run. The
        // count may be off by four standard deviations.
        let spread = 4 * (Double(own.count) * fooled * (1 - fooled)).squareRoot()
        #expect(
          own.count >= 88 && abs(Double(named) - fooled * Double(own.count)) < spread,
          "\(model): \(named) of \(own.count)")
      }
    }
  }

  @Test(
    "After malformed requests the server still answers, and has stored nothing of them")
  func malformed() async throws {
    let tiny = try TinyStudy()
    try await serving(tiny) { port in
      let good = Array(
        ("POST /api/answer HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
          + "Content-Length: 2\r\n\r\n{}").utf8)
      var generator = SystemRandomNumberGenerator()
      for number in 0..<300 {
        let connection = try RawConnection(port: port)
        defer { connection.end() }
        var bytes = good
        for _ in 0...number % 5 {
          bytes[.random(in: 0..<bytes.count, using: &generator)] = .random(
            in: 0...255, using: &generator)
        }
        connection.write(number % 7 == 0 ? Array(bytes.prefix(30)) : bytes)
        shutdown(connection.file, Int32(SHUT_WR))
        let answer = String(decoding: try #require(await connection.read()), as: UTF8.self)
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 5"))
      }
      var client = StudyClient(address: URL(string: "http://127.0.0.1:\(port)")!)
      try await client.register()
      #expect(try StudyServer.export(tiny.folder).participants == 0)
    }
  }

  @Test("A connection whose request does not arrive in time is closed")
  func deadline() async throws {
    var limits = HTTPServer.Limits()
    limits.requestTime = .milliseconds(300)
    try await serving(try TinyStudy(), limits: limits) { port in
      let slow = try RawConnection(port: port)
      defer { slow.end() }
      slow.write(Array("GET / HT".utf8))
      #expect(await slow.read() == [])
    }
  }

  @Test("When all connections are in use, a new one replaces an idle one")
  func room() async throws {
    var limits = HTTPServer.Limits()
    limits.connections = 1
    limits.requestTime = .seconds(1200)
    try await serving(try TinyStudy(), limits: limits) { port in
      let request = Array("GET /favicon.ico HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
      let idle = try RawConnection(port: port)
      defer { idle.end() }
      idle.write(request)
      #expect(await idle.read()?.isEmpty == false)
      // The first connection may become idle a moment after its answer has arrived. Until then new
      // connections are refused, so this tries again.
      var answer: [UInt8]? = []
      while answer?.isEmpty == true {
        let next = try RawConnection(port: port)
        next.write(request)
        answer = await next.read()
        next.end()
      }
      #expect(answer?.isEmpty == false)
      #expect(await idle.read() == [])
    }
  }

  @Test(
    "When the server is killed, no acknowledged answer is lost",
    .enabled(if: FileManager.default.isExecutableFile(atPath: ServedProcess.program.path)))
  func killed() async throws {
    let tiny = try TinyStudy(slots: 6, each: 6)
    var served = try ServedProcess(tiny.folder, port: 0)
    let address = URL(string: "http://127.0.0.1:\(served.port)")!
    let digest = try tiny.loaded().consentDigest
    let people = try (1...6).map { try tiny.person($0) }
    let work = Task {
      try await withThrowingTaskGroup(of: [PageMessage.Answer].self) { group in
        for person in people {
          group.addTask {
            var somebody = SimulatedParticipant(StudyClient(address: address), person)
            try await somebody.consent(digest)
            try await somebody.answer()
            try await somebody.finish()
            return somebody.stored
          }
        }
        return try await group.reduce(into: [PageMessage.Answer]()) { $0 += $1 }
      }
    }
    for _ in 0..<3 {
      try await Task.sleep(for: .milliseconds(150))
      served.kill()
      served = try ServedProcess(tiny.folder, port: served.port)
    }
    let stored = try await work.value
    served.kill()
    #expect(
      try StudyServer.export(tiny.folder)
        == StudyExport(participants: 6, finished: 6, withdrawn: 0, answers: stored.count))
  }
}
