/// Reads HTTP requests from the bytes of one connection, and refuses everything that does not
/// follow HTTP/1.1 exactly (RFC 9112).
///
/// A server that tolerates malformed requests may read one request as two when a proxy in front of
/// it does not (request smuggling). So a line must end with CR LF, the name of a field must be a
/// token, and a body must have one length in digits.
struct RequestParser {
  /// The largest sizes in bytes, and the largest number of header fields.
  struct Limits: Sendable {
    var target = 2_048
    var head = 8_192
    var fields = 64
    var body = 8_192
  }

  let limits: Limits
  private var buffer: [UInt8] = []

  init(_ limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Whether a part of the next request has arrived.
  var isInRequest: Bool { !buffer.isEmpty }

  /// Adds bytes that have arrived.
  mutating func append(_ bytes: [UInt8]) {
    buffer += bytes
  }

  /// Takes the next request.
  /// - Returns: nil if the request has not arrived completely.
  /// - Throws: `HTTPRefusal` if it is malformed or too large. The connection must then be closed,
  ///   since it is unknown where the next request begins.
  mutating func next() throws -> HTTPRequest? {
    guard let end = endOfHead() else {
      guard buffer.count < limits.head else {
        throw HTTPRefusal(.headersTooLarge, "the head is longer than \(limits.head) bytes")
      }
      return nil
    }
    guard end <= limits.head else {
      throw HTTPRefusal(.headersTooLarge, "the head is longer than \(limits.head) bytes")
    }
    var request = try Self.head(buffer[..<(end - 4)], limits)
    let length = try Self.bodyLength(request, limits)
    guard buffer.count >= end + length else { return nil }
    request.body = Array(buffer[end..<(end + length)])
    buffer.removeFirst(end + length)
    return request
  }

  /// The place after the empty line that ends the head; nil if it has not arrived.
  private func endOfHead() -> Int? {
    guard buffer.count >= 4 else { return nil }
    return (4...min(buffer.count, limits.head + 1)).first { end in
      buffer[end - 1] == 10 && buffer[end - 2] == 13 && buffer[end - 3] == 10
        && buffer[end - 4] == 13
    }
  }

  private static func head(_ bytes: ArraySlice<UInt8>, _ limits: Limits) throws -> HTTPRequest {
    let lines = try lines(bytes)
    let words = lines[0].split(separator: 32, omittingEmptySubsequences: false)
    guard words.count == 3 else {
      throw HTTPRefusal(.badRequest, "expected the request line 'METHOD TARGET HTTP/1.1'")
    }
    let version = text(words[2])
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
      throw HTTPRefusal(.versionNotSupported, "only HTTP/1.1 and HTTP/1.0 are supported")
    }
    guard words[1].count <= limits.target else {
      throw HTTPRefusal(.uriTooLong, "the address is longer than \(limits.target) bytes")
    }
    guard words[1].first == 47, words[1].allSatisfy({ (33...126).contains($0) }) else {
      throw HTTPRefusal(.badRequest, "the address must be a path that begins with '/'")
    }
    guard let method = HTTPRequest.Method(rawValue: text(words[0])) else {
      throw HTTPRefusal(.notImplemented, "only GET, HEAD and POST are supported")
    }
    let headers = try fields(lines.dropFirst(), limits)
    guard version == "HTTP/1.0" || headers["host"] != nil else {
      throw HTTPRefusal(.badRequest, "the header field Host is missing")
    }
    let wish = headers["connection"]?.lowercased()
    let parts = words[1].split(separator: 63, maxSplits: 1, omittingEmptySubsequences: false)
    return HTTPRequest(
      method: method, path: text(parts[0]), query: try query(parts.count == 2 ? parts[1] : []),
      headers: headers,
      keepsAlive: version == "HTTP/1.1" ? wish != "close" : wish == "keep-alive")
  }

  /// Splits the head at CR LF. A CR or LF by itself, and any other control character except the
  /// tab, is refused.
  private static func lines(_ bytes: ArraySlice<UInt8>) throws -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = bytes.startIndex
    for index in bytes.indices {
      switch bytes[index] {
      case 10:
        guard index > start, bytes[index - 1] == 13 else {
          throw HTTPRefusal(.badRequest, "every line must end with CR LF")
        }
        lines.append(bytes[start..<(index - 1)])
        start = index + 1
      case 13:
        guard index + 1 < bytes.endIndex, bytes[index + 1] == 10 else {
          throw HTTPRefusal(.badRequest, "every line must end with CR LF")
        }
      case 0..<32 where bytes[index] != 9, 127:
        throw HTTPRefusal(.badRequest, "the head must not contain control characters")
      default: break
      }
    }
    return lines + [bytes[start...]]
  }

  private static func fields(_ lines: ArraySlice<ArraySlice<UInt8>>, _ limits: Limits) throws
    -> [String: String]
  {
    guard lines.count <= limits.fields else {
      throw HTTPRefusal(.headersTooLarge, "there are more than \(limits.fields) header fields")
    }
    var fields: [String: String] = [:]
    for line in lines {
      guard let colon = line.firstIndex(of: 58), colon > line.startIndex,
        line[..<colon].allSatisfy(isTokenByte)
      else {
        throw HTTPRefusal(.badRequest, "a header field must have the form 'Name: value'")
      }
      let name = text(line[..<colon]).lowercased()
      let value = String(decoding: line[(colon + 1)...], as: UTF8.self).trimmed
      // A field that is a list may occur several times. The fields that say where a body ends,
      // which host is asked and who asks may not.
      if let earlier = fields[name] {
        guard !["content-length", "host", "authorization"].contains(name) else {
          throw HTTPRefusal(.badRequest, "the header field '\(name)' occurs twice")
        }
        fields[name] = earlier + ", " + value
      } else {
        fields[name] = value
      }
    }
    return fields
  }

  private static func bodyLength(_ request: HTTPRequest, _ limits: Limits) throws -> Int {
    guard request.headers["transfer-encoding"] == nil else {
      throw HTTPRefusal(
        .notImplemented, "Transfer-Encoding is not supported; send a Content-Length")
    }
    guard let field = request.headers["content-length"] else { return 0 }
    guard !field.isEmpty, field.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw HTTPRefusal(.badRequest, "Content-Length must be a number in digits")
    }
    guard let length = Int(field), length <= limits.body else {
      throw HTTPRefusal(.contentTooLarge, "the body is longer than \(limits.body) bytes")
    }
    return length
  }

  private static func query(_ bytes: ArraySlice<UInt8>) throws -> [String: String] {
    var query: [String: String] = [:]
    for pair in bytes.split(separator: 38) {
      let parts = pair.split(separator: 61, maxSplits: 1, omittingEmptySubsequences: false)
      let name = try decoded(parts[0])
      if query[name] == nil { query[name] = try decoded(parts.count == 2 ? parts[1] : []) }
    }
    return query
  }

  /// Decodes percent signs and pluses.
  private static func decoded(_ bytes: ArraySlice<UInt8>) throws -> String {
    var plain: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      switch byte {
      case 37:
        let pair = rest.prefix(2)
        guard pair.count == 2, pair.allSatisfy(isHexByte), let value = UInt8(text(pair), radix: 16)
        else {
          throw HTTPRefusal(
            .badRequest, "a percent sign in the address must be followed by two hexadecimal digits")
        }
        plain.append(value)
        rest = rest.dropFirst(2)
      case 43: plain.append(32)
      default: plain.append(byte)
      }
    }
    guard let string = String(validating: plain, as: UTF8.self) else {
      throw HTTPRefusal(.badRequest, "the address must be UTF-8")
    }
    return string
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }

  private static func isHexByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    isHexByte(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}

extension String {
  /// The text without spaces and tabs at either end.
  fileprivate var trimmed: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
