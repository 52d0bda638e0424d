import Foundation
import GRDB
import HumanStudy
import Support

/// Answers the HTTP requests of a study's page.
///
/// No part of a request becomes part of a file path or of an SQL statement. A picture is looked up
/// by its name in the participant's own list, and only as far as the participant has come. All
/// other addresses are fixed.
///
/// `StudyService+Requests.swift` has one function for each kind of request, and
/// `StudyService+Refusals.swift` has the answers to requests that are refused.
final class StudyService: Sendable {
  /// How many requests a caller may send. The limits are far above what a person needs.
  struct Rates: Sendable {
    /// Requests of one participant that are accepted at once, and then for each second.
    var participantBurst = 60
    var participantPerSecond = 20.0
    /// New participants of one network address that are accepted at once, and then for each second.
    /// Behind a proxy all participants have the same address.
    var newBurst = 300
    var newPerSecond = 5.0
  }

  let database: StudyDatabase
  /// Whether people without a personal link may take part.
  let isOpen: Bool
  /// The address that the last page returns to.
  let completionURL: String?
  /// Whether newcomers try the study out.
  let isPilot: Bool
  let page: StudyPage
  let deliveries = Deliveries()
  let participants: RateLimiter
  let newcomers: RateLimiter
  let log: @Sendable (String) -> Void

  /// - Parameters:
  ///   - completionURL: the address that the last page returns to. Only participants who have finished
  ///     are told it.
  ///   - isPilot: whether newcomers try the study out, so that their answers are not analysed.
  ///   - log: gets one line for each event. Lines contain no secrets and no identifiers.
  init(
    _ database: StudyDatabase, isOpen: Bool = true, completionURL: String? = nil,
    isPilot: Bool = false, rates: Rates = Rates(),
    log: @Sendable @escaping (String) -> Void = { _ in }
  ) {
    self.database = database
    self.isOpen = isOpen
    self.completionURL = completionURL
    self.isPilot = isPilot
    self.log = log
    page = StudyPage(database.study)
    participants = RateLimiter(burst: rates.participantBurst, perSecond: rates.participantPerSecond)
    newcomers = RateLimiter(burst: rates.newBurst, perSecond: rates.newPerSecond)
  }

  /// Answers a request.
  /// - Parameter peer: the network address of the caller.
  func answer(_ request: HTTPRequest, from peer: String) async -> HTTPResponse {
    do {
      return try await response(to: request, from: peer)
    } catch let refusal as HTTPRefusal {
      return HTTPResponse(refusal)
    } catch let refusal as StudyDatabase.Refusal {
      return await response(to: refusal, of: request)
    } catch {
      log("could not answer \(request.method.rawValue) \(request.path): \(error)")
      return HTTPResponse(self.refusal(.failed, "failed"))
    }
  }

  private func response(to request: HTTPRequest, from peer: String) async throws -> HTTPResponse {
    switch (request.method, request.path) {
    case (.post, "/api/ticket"): return try ticket()
    case (.post, "/api/consent"): return try await consent(request, peer)
    case (.post, "/api/open"): return try await open(request)
    case (.post, "/api/answer"): return try await answer(request)
    case (.post, "/api/undo"): return try await undo(request)
    case (.post, "/api/calibration"): return try await calibrate(request)
    case (.post, "/api/demographics"): return try await demographics(request)
    case (.post, "/api/event"): return try await event(request)
    case (.post, "/api/comment"): return try await comment(request)
    case (.post, "/api/finish"): return try await finish(request)
    case (.post, "/api/withdraw"): return try await withdraw(request)
    case (.post, _): throw notFound
    case (_, "/api/study"):
      return try HTTPResponse(
        json: PageStudy(database.study, isOpen: isOpen, isPilot: isPilot))
    case (_, "/favicon.ico"): return HTTPResponse(.noContent)
    case (_, let path):
      if let file = page.file(path) { return HTTPResponse(.ok, type: file.type, body: file.bytes) }
      if let name = path.after("/api/image/") {
        return try await picture(request, name, sheet: false)
      }
      if let name = path.after("/api/sheet/") {
        return try await picture(request, name, sheet: true)
      }
      throw notFound
    }
  }

  // MARK: What the functions for requests share

  /// Changes what is stored about the participant who sent a request.
  /// - Returns: the participant after the change, which is on disk.
  func change(
    _ request: HTTPRequest, _ body: @Sendable @escaping (inout Participant, Database) throws -> Void
  ) async throws -> Participant {
    let (secret, unknown) = (try secret(of: request), unknown)
    return try await database.write { rows in
      guard var participant = try StudyDatabase.participant(secret, rows) else { throw unknown }
      try body(&participant, rows)
      return participant
    }
  }

  /// The answer that tells the page where a participant is.
  /// - Parameter answered: the question that was just answered, for feedback on practice.
  func show(_ participant: Participant, answered: Course.Step? = nil) throws -> HTTPResponse {
    let state = state(participant, answered: answered)
    if let trial = state.trial {
      deliveries.note(participant.id, trial.position, session: participant.session)
    }
    return try HTTPResponse(json: state)
  }

  /// Where a participant is.
  func state(_ participant: Participant, answered: Course.Step? = nil) -> PageState {
    PageState(
      participant, in: database.study, completionURL: completionURL, answered: answered)
  }

  /// The secret of a request, which counts against the rate of its participant.
  func secret(of request: HTTPRequest) throws -> Secret {
    guard let text = request.bearer, let secret = Secret(text) else { throw unknown }
    guard participants.allows(text) else { throw tooMany(participants) }
    return secret
  }

  /// Reads a message from a request's body. It must be declared as JSON, which a form on another
  /// site cannot do.
  func decode<Message: Decodable>(_ type: Message.Type, _ request: HTTPRequest) throws -> Message {
    guard request.headers["content-type"]?.lowercased().hasPrefix("application/json") == true,
      let message = try? JSONDecoder().decode(type, from: Data(request.body))
    else { throw notAMessage }
    return message
  }

  /// Checks the description of a screen.
  func screen(_ text: String) throws -> String {
    guard PageMessage.isScreen(text) else { throw notAMessage }
    return text
  }
}

extension String {
  /// The rest of the text after a prefix; nil if the text does not begin with it.
  fileprivate func after(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
