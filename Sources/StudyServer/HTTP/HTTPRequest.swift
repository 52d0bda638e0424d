/// An HTTP request that `RequestParser` has accepted.
struct HTTPRequest: Equatable, Sendable {
  enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
  }

  let method: Method
  /// The part of the address before the question mark. It is not decoded, since no path of the
  /// study has percent signs.
  let path: String
  /// The parameters after the question mark, decoded. If a name occurs twice, the first value
  /// counts.
  let query: [String: String]
  /// The header fields by their names in lower case.
  let headers: [String: String]
  var body: [UInt8] = []
  let keepsAlive: Bool

  /// The participant's secret from the header field `Authorization: Bearer SECRET`.
  var bearer: String? {
    guard let field = headers["authorization"], field.hasPrefix("Bearer ") else { return nil }
    return String(field.dropFirst("Bearer ".count))
  }
}

/// A request that is refused, with the status and the sentence of the answer.
struct HTTPRefusal: Error, Equatable {
  let status: HTTPStatus
  let reason: String
  /// The seconds after which the request may be sent again; nil if the answer does not say that.
  let retryAfter: Int?

  init(_ status: HTTPStatus, _ reason: String, retryAfter: Int? = nil) {
    self.status = status
    self.reason = reason
    self.retryAfter = retryAfter
  }
}

enum HTTPStatus: Int, Sendable {
  case ok = 200
  case noContent = 204
  case badRequest = 400
  case unauthorized = 401
  case forbidden = 403
  case notFound = 404
  case methodNotAllowed = 405
  case requestTimeout = 408
  case conflict = 409
  case contentTooLarge = 413
  case uriTooLong = 414
  case tooManyRequests = 429
  case headersTooLarge = 431
  case failed = 500
  case notImplemented = 501
  case unavailable = 503
  case versionNotSupported = 505

  var phrase: String {
    switch self {
    case .ok: "OK"
    case .noContent: "No Content"
    case .badRequest: "Bad Request"
    case .unauthorized: "Unauthorized"
    case .forbidden: "Forbidden"
    case .notFound: "Not Found"
    case .methodNotAllowed: "Method Not Allowed"
    case .requestTimeout: "Request Timeout"
    case .conflict: "Conflict"
    case .contentTooLarge: "Content Too Large"
    case .uriTooLong: "URI Too Long"
    case .tooManyRequests: "Too Many Requests"
    case .headersTooLarge: "Request Header Fields Too Large"
    case .failed: "Internal Server Error"
    case .notImplemented: "Not Implemented"
    case .unavailable: "Service Unavailable"
    case .versionNotSupported: "HTTP Version Not Supported"
    }
  }
}
