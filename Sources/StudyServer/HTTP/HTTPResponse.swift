import Foundation

/// An answer to a request. Every answer has the same security header fields.
struct HTTPResponse: Sendable {
  let status: HTTPStatus
  var type = "application/json"
  var body: [UInt8] = []
  /// The seconds after which the caller may send the request again, for `Retry-After`.
  var retryAfter: Int?

  init(_ status: HTTPStatus, type: String = "application/json", body: [UInt8] = []) {
    self.status = status
    self.type = type
    self.body = body
  }

  /// An answer as JSON.
  init(_ status: HTTPStatus = .ok, json: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    self.init(status, body: Array(try encoder.encode(json)))
  }

  /// A refusal: `{"error": "why"}`.
  init(_ refusal: HTTPRefusal) {
    let body = try? JSONEncoder().encode(["error": refusal.reason])
    self.init(refusal.status, body: Array(body ?? Data()))
    retryAfter = refusal.retryAfter
  }

  /// Header fields that restrict the page, whatever the study's texts contain. The page may use its
  /// own scripts, styles and pictures, and may send requests to its own server. It loads nothing
  /// from other hosts, cannot be shown in a frame, and does not tell its address to other sites.
  static let securityFields = [
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
      + "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
      + "frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Referrer-Policy: no-referrer",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    "Permissions-Policy: camera=(), geolocation=(), microphone=()",
    "Cache-Control: no-store",
  ]

  /// The bytes of the answer.
  /// - Parameter onlyHead: whether to leave out the body, as the answer to a HEAD request does.
  func bytes(keepsAlive: Bool, onlyHead: Bool) -> [UInt8] {
    var lines = ["HTTP/1.1 \(status.rawValue) \(status.phrase)"]
    if status != .noContent { lines += ["Content-Type: \(type)", "Content-Length: \(body.count)"] }
    if let retryAfter { lines.append("Retry-After: \(retryAfter)") }
    lines += Self.securityFields + ["Connection: \(keepsAlive ? "keep-alive" : "close")", "", ""]
    return Array(lines.joined(separator: "\r\n").utf8) + (onlyHead ? [] : body)
  }
}
