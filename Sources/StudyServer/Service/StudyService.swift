import Foundation
import GRDB
import HumanStudy
import Support

/// The study over HTTP: what may be asked, and what is answered.
///
/// No part of a request becomes part of a path or of a statement. A picture is looked up in the
/// participant's own list, as far as they have come; everything else is one of a few fixed
/// addresses.
final class StudyService: Sendable {
  /// How often each may ask; far above what a person does.
  struct Rates: Sendable {
    var participantBurst = 60
    var participantPerSecond = 20.0
    /// New participants from one network address. Behind a proxy all have the same.
    var newBurst = 300
    var newPerSecond = 5.0
  }

  let database: StudyDatabase
  let isOpen: Bool
  let completionURL: String?
  private let page: StudyPage
  private let deliveries = Deliveries()
  private let participants: RateLimiter
  private let newcomers: RateLimiter
  private let log: @Sendable (String) -> Void

  init(
    _ database: StudyDatabase, isOpen: Bool = true, completionURL: String? = nil,
    rates: Rates = Rates(),
    log: @Sendable @escaping (String) -> Void = { _ in }
  ) {
    self.database = database
    self.isOpen = isOpen
    self.completionURL = completionURL
    self.log = log
    page = StudyPage(database.study)
    participants = RateLimiter(burst: rates.participantBurst, perSecond: rates.participantPerSecond)
    newcomers = RateLimiter(burst: rates.newBurst, perSecond: rates.newPerSecond)
  }

  func answer(_ request: HTTPRequest, from peer: String) async -> HTTPResponse {
    do {
      return try await response(to: request, from: peer)
    } catch let refusal as HTTPRefusal {
      return HTTPResponse(refusal)
    } catch let refusal as StudyDatabase.Refusal {
      return await refused(refusal, request)
    } catch {
      log("could not answer \(request.method.rawValue) \(request.path): \(error)")
      return HTTPResponse(
        HTTPRefusal(.failed, "The study's server could not do this. Please try again in a moment."))
    }
  }

  private func response(to request: HTTPRequest, from peer: String) async throws -> HTTPResponse {
    switch (request.method, request.path) {
    case (.post, "/api/ticket"): return try ticket()
    case (.post, "/api/consent"): return try await consent(request, peer)
    case (.post, "/api/open"): return try await open(request)
    case (.post, "/api/answer"): return try await answer(request)
    case (.post, "/api/event"): return try await event(request)
    case (.post, "/api/comment"): return try await comment(request)
    case (.post, "/api/finish"): return try await finish(request)
    case (.post, "/api/withdraw"): return try await withdraw(request)
    case (.post, _): throw HTTPRefusal(.notFound, "There is nothing here.")
    case (_, "/api/study"):
      return try HTTPResponse(
        json: PageStudy(database.study, isOpen: isOpen, completionURL: completionURL))
    case (_, "/favicon.ico"): return HTTPResponse(.noContent)
    case (_, let path):
      if let file = page.file(path) { return HTTPResponse(.ok, type: file.type, body: file.bytes) }
      if let name = path.after("/api/image/") {
        return try await picture(request, name, sheet: false)
      }
      if let name = path.after("/api/sheet/") {
        return try await picture(request, name, sheet: true)
      }
      throw HTTPRefusal(.notFound, "There is nothing here.")
    }
  }

  // MARK: Beginning

  /// A secret for somebody who may consent with it; until then nothing is stored.
  private func ticket() throws -> HTTPResponse {
    guard isOpen else {
      throw HTTPRefusal(.forbidden, "To take part you need a link that was made for you.")
    }
    return try HTTPResponse(json: PageMessage.Ticket(secret: Secret().text))
  }

  private func consent(_ request: HTTPRequest, _ peer: String) async throws -> HTTPResponse {
    let secret = try secret(of: request)
    let message = try decode(PageMessage.Consent.self, request)
    let screen = try screen(message.screen)
    guard let external = ExternalIdentity(message.external) else {
      throw HTTPRefusal(.badRequest, "An identifier in the address is not one.")
    }
    let (database, isOpen, newcomers) = (database, isOpen, newcomers)
    let state = try await database.write { rows in
      let known = try StudyDatabase.participant(secret, rows)
      guard known != nil || isOpen else { throw Self.unknown }
      guard known != nil || newcomers.allows(peer) else { throw Self.tooMany }
      let id = try known?.id ?? StudyDatabase.add(secret, .open, rows)
      try database.enrol(id, consent: message.consent, external, rows)
      var participant = try StudyDatabase.participant(id, rows)
      try StudyDatabase.openSession(&participant, screen: screen, rows)
      return participant
    }
    if state.session == 1 { log("\(state.name) consented, list \(state.slot ?? 0)") }
    return try show(state)
  }

  private func open(_ request: HTTPRequest) async throws -> HTTPResponse {
    let screen = try screen(try decode(PageMessage.Opening.self, request).screen)
    let participant = try await change(request) { participant, rows in
      guard participant.slot != nil else { return }
      try StudyDatabase.openSession(&participant, screen: screen, rows)
    }
    return try show(participant)
  }

  // MARK: Answering

  private func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
    let arrival = ContinuousClock.now
    let message = try decode(PageMessage.Answer.self, request)
    guard (1...1_000_000).contains(message.position), (1...2).contains(message.question),
      isTime(message.milliseconds)
    else { throw StudyDatabase.Refusal.notAnAnswer }
    let choice = try message.choice.map { text in
      guard let choice = Choice(text) else { throw StudyDatabase.Refusal.notAnAnswer }
      return choice
    }
    let step = Course.Step(position: message.position, question: message.question)
    let (database, deliveries) = (database, deliveries)
    let participant = try await change(request) { participant, rows in
      let answer = GivenAnswer(
        step: step, choice: choice, ending: message.endedOn,
        milliseconds: message.milliseconds.tenths,
        serverMilliseconds: deliveries.milliseconds(participant.id, step.position, until: arrival)?
          .tenths)
      try database.add(answer, of: &participant, rows)
    }
    return try show(participant, answered: step)
  }

  private func event(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Event.self, request)
    guard (0...1_000_000).contains(message.position), isTime(message.milliseconds) else {
      throw HTTPRefusal(.badRequest, "This is no event.")
    }
    _ = try await change(request) { participant, rows in
      try StudyDatabase.add(
        event: message.kind.rawValue, position: message.position,
        milliseconds: message.milliseconds.tenths,
        of: participant, rows)
    }
    return HTTPResponse(.noContent)
  }

  // MARK: Ending

  private func comment(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Comment.self, request)
    let study = database.study
    guard message.sheet.isEmpty || study.study.sheets.contains(where: { $0.name == message.sheet }),
      message.text.utf8.count <= PageMessage.commentLimit, !message.text.contains("\0")
    else {
      throw HTTPRefusal(.badRequest, "This comment is too long, or about nothing that is here.")
    }
    let participant = try await change(request) { participant, rows in
      guard let slot = participant.slot,
        study.course(slot: slot).next(after: participant.last) == nil
      else {
        throw StudyDatabase.Refusal.outOfTurn
      }
      try StudyDatabase.add(comment: message.text, sheet: message.sheet, of: participant, rows)
    }
    return try show(participant)
  }

  private func finish(_ request: HTTPRequest) async throws -> HTTPResponse {
    let database = database
    let participant = try await change(request) { try database.finish(&$0, $1) }
    log("\(participant.name) finished")
    return try show(participant)
  }

  private func withdraw(_ request: HTTPRequest) async throws -> HTTPResponse {
    let participant = try await change(request) { try StudyDatabase.withdraw(&$0, $1) }
    log("\(participant.name) withdrew")
    return try show(participant)
  }

  // MARK: Pictures

  private func picture(_ request: HTTPRequest, _ name: String, sheet: Bool) async throws
    -> HTTPResponse
  {
    let secret = try secret(of: request)
    let participant = try await database.read { try StudyDatabase.participant(secret, $0) }
    guard let participant else { throw Self.unknown }
    let study = database.study
    let allowed = sheet ? study.sheets(for: participant) : study.pictures(for: participant)
    guard let known = allowed.first(where: { $0 == name }) else {
      throw HTTPRefusal(.notFound, "There is nothing here.")
    }
    let bytes = try Data(contentsOf: sheet ? study.folder.sheet(known) : study.folder.image(known))
    return HTTPResponse(.ok, type: "image/png", body: Array(bytes))
  }

  // MARK: Parts

  /// Lets somebody change what is stored about them, and stores it.
  private func change(
    _ request: HTTPRequest, _ body: @Sendable @escaping (inout Participant, Database) throws -> Void
  ) async throws -> Participant {
    let secret = try secret(of: request)
    return try await database.write { rows in
      guard var participant = try StudyDatabase.participant(secret, rows) else {
        throw Self.unknown
      }
      try body(&participant, rows)
      return participant
    }
  }

  private func show(_ participant: Participant, answered: Course.Step? = nil) throws -> HTTPResponse
  {
    let state = PageState(participant, in: database.study, answered: answered)
    if let trial = state.trial {
      deliveries.note(participant.id, trial.position, session: participant.session)
    }
    return try HTTPResponse(json: state)
  }

  /// Who asks too often waits, whoever it is.
  private func secret(of request: HTTPRequest) throws -> Secret {
    guard let text = request.bearer, let secret = Secret(text) else { throw Self.unknown }
    guard participants.allows(text) else { throw Self.tooMany }
    return secret
  }

  /// Only JSON, which no form on another site can send.
  private func decode<Message: Decodable>(_ type: Message.Type, _ request: HTTPRequest) throws
    -> Message
  {
    guard request.headers["content-type"]?.lowercased().hasPrefix("application/json") == true,
      let message = try? JSONDecoder().decode(type, from: Data(request.body))
    else { throw HTTPRefusal(.badRequest, "This is not what the study's page sends.") }
    return message
  }

  private func screen(_ text: String) throws -> String {
    guard PageMessage.isScreen(text) else {
      throw HTTPRefusal(.badRequest, "This is not what the study's page sends.")
    }
    return text
  }

  private func isTime(_ milliseconds: Double) -> Bool {
    (0...PageMessage.longestTime).contains(milliseconds)
  }

  private func refused(_ refusal: StudyDatabase.Refusal, _ request: HTTPRequest) async
    -> HTTPResponse
  {
    let (status, reason): (HTTPStatus, String) =
      switch refusal {
      case .notEnrolled: (.conflict, "Please agree to take part first.")
      case .ended: (.conflict, "Your part in this study is over.")
      case .outOfTurn: (.conflict, "This is not the question that is next.")
      case .notAnAnswer: (.badRequest, "This is no answer to the question.")
      case .identityTaken:
        (
          .conflict,
          "Somebody with your identifier takes part already. If it is you, use the browser you began with."
        )
      case .full: (.unavailable, "The study takes no more participants.")
      case .otherConsent:
        (.conflict, "The text you agreed to has changed. Please load the page again.")
      }
    var message = PageMessage.Refused(error: reason)
    if let text = request.bearer, let secret = Secret(text),
      let participant = try? await database.read({ try StudyDatabase.participant(secret, $0) }),
      participant.slot != nil
    {
      message.state = PageState(participant, in: database.study)
    }
    return (try? HTTPResponse(status, json: message)) ?? HTTPResponse(HTTPRefusal(status, reason))
  }

  private static let unknown = HTTPRefusal(
    .unauthorized, "This link is not valid. Please check that it is complete.")
  private static let tooMany = HTTPRefusal(
    .tooManyRequests, "Too many requests; please wait a moment.")
}

extension Double {
  /// To a tenth.
  fileprivate var tenths: Double { (self * 10).rounded() / 10 }
}

extension String {
  /// What follows a beginning; nil if there is another.
  fileprivate func after(_ beginning: String) -> String? {
    hasPrefix(beginning) ? String(dropFirst(beginning.count)) : nil
  }
}
