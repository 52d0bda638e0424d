import Foundation
import HumanStudy
import Support

/// A simulated person who takes part over HTTP, from the consent to the completion code.
struct SimulatedParticipant: Sendable {
  var client: StudyClient
  let person: SimulatedPerson
  /// The answers that the server has acknowledged.
  private(set) var stored: [PageMessage.Answer] = []
  private(set) var state: PageState?

  init(_ client: StudyClient, _ person: SimulatedPerson) {
    self.client = client
    self.person = person
  }

  /// Agrees to take part, after getting a secret from an open study if there is none yet.
  mutating func consent(_ digest: String, external: [String: String] = [:]) async throws {
    if client.secret == nil { try await client.register() }
    state = try await client.consent(digest, external: external)
  }

  /// Opens the page again, as after a closed browser.
  mutating func reopen() async throws { state = try await client.open() }

  /// Answers until every question, or a number of questions, is answered.
  /// - Parameters:
  ///   - limit: the number of questions.
  ///   - progress: called after each answer.
  mutating func answer(upTo limit: Int = .max, progress: () -> Void = {}) async throws {
    var count = 0
    while let trial = state?.trial, count < limit {
      _ = try await client.picture(trial.stimulus)
      let answer = PageMessage.Answer(
        position: trial.position, question: trial.question, choice: person.choice(trial).text,
        endedOn: .response, milliseconds: person.milliseconds(trial))
      state = try await client.answer(answer)
      stored.append(answer)
      count += 1
      progress()
    }
  }

  /// Finishes the study.
  /// - Returns: the completion code.
  @discardableResult
  mutating func finish() async throws -> String? {
    state = try await client.finish()
    return state?.code
  }
}
