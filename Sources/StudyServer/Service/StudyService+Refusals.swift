import Foundation
import HumanStudy

/// The answers to requests that are refused. The page shows these sentences to the participant.
extension StudyService {
  static let unknown = HTTPRefusal(
    .unauthorized, "This link is not valid. Please check that it is complete.")
  static let uninvited = HTTPRefusal(
    .forbidden, "To take part you need a personal link.")
  static let tooMany = HTTPRefusal(
    .tooManyRequests, "Too many requests. Please wait a moment.")
  static let notFound = HTTPRefusal(.notFound, "This address does not exist.")
  static let notAMessage = HTTPRefusal(
    .badRequest, "This request does not come from the study's page.")

  /// The answer to a change that the database refuses, with the participant's state. So a page that
  /// is behind, for example in a second window, can go on from there.
  func response(
    to refusal: StudyDatabase.Refusal, of request: HTTPRequest
  ) async -> HTTPResponse {
    let (status, reason) = refusal.explanation
    var message = PageMessage.Refused(error: reason)
    if let text = request.bearer, let secret = Secret(text),
      let participant = try? await database.read({ try StudyDatabase.participant(secret, $0) }),
      participant.slot != nil
    {
      message.state = PageState(participant, in: database.study)
    }
    return (try? HTTPResponse(status, json: message)) ?? HTTPResponse(HTTPRefusal(status, reason))
  }
}

extension StudyDatabase.Refusal {
  /// The status and the sentence that a participant is told.
  fileprivate var explanation: (HTTPStatus, String) {
    switch self {
    case .notEnrolled: (.conflict, "Please agree to take part first.")
    case .ended: (.conflict, "You have finished or stopped this study.")
    case .outOfTurn: (.conflict, "This is not the next question.")
    case .notAnAnswer: (.badRequest, "This is not a possible answer to the question.")
    case .identityTaken:
      (
        .conflict,
        "Somebody with your identifier already takes part. If it is you, please use the browser in "
          + "which you began."
      )
    case .full: (.unavailable, "The study does not accept more participants.")
    case .otherConsent:
      (.conflict, "The text you agreed to has changed. Please load the page again.")
    }
  }
}
