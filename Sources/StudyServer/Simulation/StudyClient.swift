import Foundation
import HumanStudy
import Support

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Sends a participant's messages to the server as the page does: each one again and again until it
/// is answered.
struct StudyClient: Sendable {
  let address: URL
  var secret: String?
  /// How many times a message is sent while there is no reply, a quarter of a second apart.
  var attempts = 40

  /// A reply of the server. Replies that it is too busy or has failed are not passed on: the
  /// message is sent again.
  struct Reply: Sendable {
    let status: Int
    let body: Data
  }

  /// Gets a secret from an open study.
  mutating func register() async throws {
    let reply = try await post("ticket", [String: String]())
    secret = try decode(PageMessage.Ticket.self, reply).secret
  }

  func consent(_ digest: String, external: [String: String] = [:]) async throws -> PageState {
    try await state(
      "consent", PageMessage.Consent(consent: digest, external: external, screen: "1280x800 mouse"))
  }

  func open() async throws -> PageState {
    try await state("open", PageMessage.Opening(screen: "1280x800 mouse"))
  }
  func answer(_ answer: PageMessage.Answer) async throws -> PageState {
    try await state("answer", answer)
  }
  func finish() async throws -> PageState { try await state("finish", [String: String]()) }

  func picture(_ name: String) async throws -> Data {
    let reply = try await send(request("image/" + name))
    guard reply.status == 200 else { throw refusal(reply) }
    return reply.body
  }

  func post(_ name: String, _ message: some Encodable) async throws -> Reply {
    var request = request(name)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = try JSONEncoder().encode(message)
    return try await send(request)
  }

  private func state(_ name: String, _ message: some Encodable) async throws -> PageState {
    try decode(PageState.self, try await post(name, message))
  }

  private func decode<Message: Decodable>(_ type: Message.Type, _ reply: Reply) throws -> Message {
    guard reply.status == 200 else { throw refusal(reply) }
    return try JSONDecoder().decode(type, from: reply.body)
  }

  private func refusal(_ reply: Reply) -> Failure {
    let told = try? JSONDecoder().decode(PageMessage.Refused.self, from: reply.body)
    return Failure(
      .failed,
      "the study's server refused with status \(reply.status): "
        + (told?.error ?? "it gave no reason"))
  }

  private func request(_ name: String) -> URLRequest {
    var request = URLRequest(url: address.appending(path: "api/" + name), timeoutInterval: 60)
    if let secret { request.setValue("Bearer " + secret, forHTTPHeaderField: "Authorization") }
    return request
  }

  /// The time between two attempts, unless the server asks for a longer one.
  private var pause: Duration { .milliseconds(250) }

  private func send(_ request: URLRequest) async throws -> Reply {
    for attempt in 1... {
      let outcome: Reply?
      var wanted = pause
      do {
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        let header = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Retry-After")
        wanted = header.flatMap(Int.init).map { .seconds($0) } ?? pause
        outcome = status >= 500 || status == 429 ? nil : Reply(status: status, body: data)
      } catch {
        outcome = nil
      }
      if let outcome { return outcome }
      guard attempt < attempts else { break }
      try await Task.sleep(for: max(wanted, pause))
    }
    throw Failure(
      .failed, "the study's server at \(address.absoluteString) does not answer",
      hint: "sent the same message \(attempts) times")
  }
}
