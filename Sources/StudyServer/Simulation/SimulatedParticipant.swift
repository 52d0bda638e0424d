import Foundation
import HumanStudy
import Support

/// A simulated person at the study's page, from the consent to the completion code.
struct SimulatedParticipant: Sendable {
  var client: StudyClient
  let person: SimulatedPerson
  /// Every answer that the server said it has stored.
  private(set) var stored: [PageMessage.Answer] = []
  private(set) var state: PageState?

  init(_ client: StudyClient, _ person: SimulatedPerson) {
    self.client = client
    self.person = person
  }

  /// Agrees to take part.
  mutating func consent(_ digest: String, external: [String: String] = [:]) async throws {
    if client.secret == nil { try await client.register() }
    state = try await client.consent(digest, external: external)
  }

  /// Opens the page again, as after a closed browser.
  mutating func reopen() async throws { state = try await client.open() }

  /// Answers until everything is answered, or so many questions.
  /// - Parameter progress: told after each answer.
  mutating func answer(upTo limit: Int = .max, progress: () -> Void = {}) async throws {
    var count = 0
    while let trial = state?.trial, count < limit {
      _ = try await client.picture(trial.stimulus)
      let answer = PageMessage.Answer(
        position: trial.position, question: trial.question, choice: person.choice(trial).text,
        endedOn: .response,
        milliseconds: person.milliseconds(trial))
      state = try await client.answer(answer)
      stored.append(answer)
      count += 1
      progress()
    }
  }

  /// Ends, and gives the completion code.
  @discardableResult
  mutating func finish() async throws -> String? {
    state = try await client.finish()
    return state?.code
  }
}
