import Foundation
import HumanStudy

/// One function for each kind of request of the page.
extension StudyService {
  // MARK: Beginning

  /// Gives a secret to somebody who has no link, with which they may consent. Nothing is stored
  /// yet.
  func ticket() throws -> HTTPResponse {
    guard isOpen else { throw uninvited }
    return try HTTPResponse(json: PageMessage.Ticket(secret: Secret().text))
  }

  /// Stores a consent and opens the first session. A consent that is sent again opens one more
  /// session and changes nothing else.
  func consent(_ request: HTTPRequest, _ peer: String) async throws -> HTTPResponse {
    let secret = try secret(of: request)
    let message = try decode(PageMessage.Consent.self, request)
    let screen = try screen(message.screen)
    guard let external = ExternalIdentity(message.external) else {
      throw refusal(.badRequest, "identifier")
    }
    let (database, isOpen, isPilot, newcomers) = (database, isOpen, isPilot, newcomers)
    let (unknown, busy) = (unknown, tooMany(newcomers))
    let state = try await database.write { rows in
      let known = try StudyDatabase.participant(secret, rows)
      guard known != nil || isOpen else { throw unknown }
      guard known != nil || newcomers.allows(peer) else { throw busy }
      let id = try known?.id ?? StudyDatabase.add(secret, .open, rows)
      try database.enrol(id, consent: message.consent, external, isPilot: isPilot, rows)
      var participant = try StudyDatabase.participant(id, rows)
      try StudyDatabase.openSession(&participant, screen: screen, rows)
      return participant
    }
    if state.session == 1 { log("\(state.name) consented, list \(state.slot ?? 0)") }
    return try show(state)
  }

  /// Opens a session for a participant who loads the page again.
  func open(_ request: HTTPRequest) async throws -> HTTPResponse {
    let screen = try screen(try decode(PageMessage.Opening.self, request).screen)
    let participant = try await change(request) { participant, rows in
      guard participant.slot != nil else { return }
      try StudyDatabase.openSession(&participant, screen: screen, rows)
    }
    return try show(participant)
  }

  // MARK: Answering

  func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
    let arrival = ContinuousClock.now
    let message = try decode(PageMessage.Answer.self, request)
    guard (1...1_000_000).contains(message.position), (1...2).contains(message.question),
      PageMessage.isTime(message.milliseconds)
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

  func undo(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Undo.self, request)
    let step = Course.Step(position: message.position, question: message.question)
    let database = database
    let participant = try await change(request) { try database.undo(step, of: &$0, $1) }
    deliveries.forget(participant.id)
    return try show(participant)
  }

  /// Stores the size of the participant's pixels and their distance from the screen.
  func calibrate(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Calibration.self, request)
    guard message.isPossible else { throw notAMessage }
    let participant = try await change(request) {
      try StudyDatabase.add(calibration: message, of: &$0, $1)
    }
    return try show(participant)
  }

  func event(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Event.self, request)
    guard (0...1_000_000).contains(message.position), PageMessage.isTime(message.milliseconds)
    else { throw notAMessage }
    _ = try await change(request) { participant, rows in
      try StudyDatabase.add(
        event: message.kind.rawValue, position: message.position,
        milliseconds: message.milliseconds.tenths, of: participant, rows)
    }
    return HTTPResponse(.noContent)
  }

  // MARK: Ending

  func comment(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Comment.self, request)
    let study = database.study
    guard message.fits(study.study) else {
      throw refusal(.badRequest, "comment")
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

  /// Stores what the participant answers about themselves.
  func demographics(_ request: HTTPRequest) async throws -> HTTPResponse {
    let message = try decode(PageMessage.Demographics.self, request)
    let database = database
    let participant = try await change(request) {
      try database.add(demographics: message.choices, of: $0, $1)
    }
    return try show(participant)
  }

  func finish(_ request: HTTPRequest) async throws -> HTTPResponse {
    let database = database
    let participant = try await change(request) { try database.finish(&$0, $1) }
    log("\(participant.name) finished")
    return try show(participant)
  }

  func withdraw(_ request: HTTPRequest) async throws -> HTTPResponse {
    let participant = try await change(request) { try StudyDatabase.withdraw(&$0, $1) }
    log("\(participant.name) withdrew")
    return try show(participant)
  }

  // MARK: Pictures

  /// The file of a picture or of a sheet, if the participant may see it now.
  func picture(_ request: HTTPRequest, _ name: String, sheet: Bool) async throws -> HTTPResponse {
    let secret = try secret(of: request)
    let participant = try await database.read { try StudyDatabase.participant(secret, $0) }
    guard let participant else { throw unknown }
    let study = database.study
    let allowed = sheet ? study.sheets(for: participant) : study.pictures(for: participant)
    // The path is made of the study's own name and not of the request's, although they are equal.
    guard let known = allowed.first(where: { $0 == name }) else { throw notFound }
    let bytes = try Data(contentsOf: sheet ? study.folder.sheet(known) : study.folder.image(known))
    return HTTPResponse(.ok, type: "image/png", body: Array(bytes))
  }
}

extension Double {
  /// The number rounded to a tenth.
  fileprivate var tenths: Double { (self * 10).rounded() / 10 }
}
