import Foundation
import HumanStudy
import Support
import Testing

@testable import StudyServer

/// Sends requests to a study's service as the page does, without a network.
struct ServiceCaller {
  let service: StudyService

  init(_ service: StudyService) {
    self.service = service
  }

  func ask(
    _ method: HTTPRequest.Method, _ path: String, _ secret: String? = nil, _ body: String = "{}",
    from peer: String = "test"
  ) async -> HTTPResponse {
    var headers = ["host": "h", "content-type": "application/json"]
    if let secret { headers["authorization"] = "Bearer \(secret)" }
    let request = HTTPRequest(
      method: method, path: path, query: [:], headers: headers, body: Array(body.utf8),
      keepsAlive: true)
    return await service.answer(request, from: peer)
  }

  /// Sends an answer with the choice "0", "na" and so on.
  func answer(
    _ secret: String, _ position: Int, _ question: Int, _ choice: String
  ) async -> HTTPResponse {
    let body = """
      {"position": \(position), "question": \(question), "choice": "\(choice)", \
      "endedOn": "response", "milliseconds": 812.34}
      """
    return await ask(.post, "/api/answer", secret, body)
  }

  /// The body of a message that agrees to the study's consent text.
  var agreed: String {
    let digest = Digest.hex(of: service.database.study.study.consent)
    return #"{"consent": "\#(digest)", "external": {}, "screen": "390x844 touch"}"#
  }

  /// Gets a secret and agrees to take part.
  /// - Returns: the secret.
  func newcomer() async throws -> String {
    let secret = try await ticket()
    #expect(await ask(.post, "/api/consent", secret, agreed).status == .ok)
    return secret
  }

  func ticket() async throws -> String {
    let body = Data(await ask(.post, "/api/ticket").body)
    return try JSONDecoder().decode(PageMessage.Ticket.self, from: body).secret
  }

  func state(_ response: HTTPResponse) throws -> PageState {
    try JSONDecoder().decode(PageState.self, from: Data(response.body))
  }
}
