import Testing

@testable import StudyServer

@Suite("Reading HTTP requests")
struct RequestParserTests {
  private func parse(_ text: String) throws -> HTTPRequest? {
    var parser = RequestParser()
    parser.append(Array(text.utf8))
    return try parser.next()
  }

  @Test("Requests are the same whether they arrive in one piece or byte by byte")
  func pieces() throws {
    let text =
      "POST /api/answer?a=1%202&b=x+y&a=9 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
      + "X-Y:  z \r\n\r\nbody"
    let whole = try #require(try parse(text))
    #expect(
      whole.method == .post && whole.path == "/api/answer"
        && whole.query == ["a": "1 2", "b": "x y"])
    #expect(whole.body == Array("body".utf8) && whole.headers["x-y"] == "z" && whole.keepsAlive)
    var parser = RequestParser()
    var found: [HTTPRequest] = []
    for byte in Array((text + text).utf8) {
      parser.append([byte])
      if let request = try parser.next() { found.append(request) }
    }
    #expect(found == [whole, whole] && !parser.isInRequest)
  }

  @Test(
    "Everything that does not follow HTTP/1.1 exactly is refused",
    arguments: [
      ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: h\n\n\r\n\r\n", 400),
      ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
      ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505), ("BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
      ("get / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
      ("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
      ("GET /\u{1} HTTP/1.1\r\nHost: h\r\n\r\n", 400),
      ("GET /?a=%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400),
      ("GET /?a=%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8193\r\n\r\n", 413),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
      ("GET /" + String(repeating: "a", count: 2_048) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414),
      ("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 64) + "\r\n", 431),
      (String(repeating: "A", count: 9_000), 431),
    ])
  func refusals(text: String, status: Int) throws {
    let refusal = try #require(throws: HTTPRefusal.self) { _ = try parse(text) }
    #expect(refusal.status.rawValue == status)
  }

  @Test("Damaged requests are accepted or refused, and never end the process")
  func noise() {
    var generator = SystemRandomNumberGenerator()
    let start = Array("POST /a?b=%41 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc".utf8)
    for _ in 0..<2_000 {
      var bytes = start
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      var parser = RequestParser()
      parser.append(bytes)
      _ = try? parser.next()
    }
  }
}

@Suite("Rate limits")
struct RateLimiterTests {
  @Test("A caller who has used all permits is refused, and other callers are not")
  func bucket() {
    let limiter = RateLimiter(burst: 3, perSecond: 0.001)
    #expect((0..<5).map { _ in limiter.allows("a") } == [true, true, true, false, false])
    #expect(limiter.allows("b"))
  }

  @Test("The table of callers is bounded, and known callers stay accepted when it is full")
  func flood() {
    let limiter = RateLimiter(burst: 2, perSecond: 0, capacity: 10)
    let allowed = (0..<100).count { limiter.allows("caller \($0)") }
    #expect(allowed == 10)
    #expect(limiter.allows("caller 0"))
  }
}
