import Foundation
import HumanStudy

/// The answers to requests that are refused. The page shows these sentences to the participant, in
/// the study's language.
extension StudyService {
  /// A refusal with a text of `StudyTexts`, whose key begins with `refused.`.
  func refusal(_ status: HTTPStatus, _ key: String, retryAfter: Int? = nil) -> HTTPRefusal {
    HTTPRefusal(status, database.study.texts["refused.\(key)"], retryAfter: retryAfter)
  }

  var unknown: HTTPRefusal { refusal(.unauthorized, "link") }
  var uninvited: HTTPRefusal { refusal(.forbidden, "invited") }
  var notFound: HTTPRefusal { refusal(.notFound, "address") }
  var notAMessage: HTTPRefusal { refusal(.badRequest, "message") }

  /// - Parameter limiter: the limiter that refuses the request, which says when to try again.
  func tooMany(_ limiter: RateLimiter) -> HTTPRefusal {
    refusal(.tooManyRequests, "busy", retryAfter: limiter.retryAfter)
  }

  /// The answer to a change that the database refuses, with the participant's state. So a page that
  /// is behind, for example in a second window, can go on from there.
  func response(
    to refusal: StudyDatabase.Refusal, of request: HTTPRequest
  ) async -> HTTPResponse {
    let (status, key) = refusal.explanation
    let told = self.refusal(status, key)
    var message = PageMessage.Refused(error: told.reason)
    if let text = request.bearer, let secret = Secret(text),
      let participant = try? await database.read({ try StudyDatabase.participant(secret, $0) }),
      participant.slot != nil
    {
      message.state = state(participant)
    }
    return (try? HTTPResponse(status, json: message)) ?? HTTPResponse(told)
  }
}

extension StudyDatabase.Refusal {
  /// The status and the key of the sentence that a participant is told.
  fileprivate var explanation: (HTTPStatus, String) {
    switch self {
    case .notEnrolled: (.conflict, "consent")
    case .ended: (.conflict, "ended")
    case .outOfTurn: (.conflict, "order")
    case .notAnAnswer: (.badRequest, "answer")
    case .settled: (.conflict, "undo")
    case .identityTaken: (.conflict, "identity")
    case .full: (.unavailable, "full")
    case .otherConsent: (.conflict, "changed")
    }
  }
}
