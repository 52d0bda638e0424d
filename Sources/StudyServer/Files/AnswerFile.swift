import Foundation
import HumanStudy

/// The answer file that the page without a server saves: everything that one participant did.
struct AnswerFile: Codable, Sendable {
  struct Consent: Codable, Sendable {
    let digest: String
    let time: String
  }

  struct Session: Codable, Sendable {
    let time: String
    let screen: String
  }

  struct Given: Codable, Sendable {
    let session: Int
    let position: Int
    let question: Int
    let choice: String?
    let endedOn: Answer.Ending
    let milliseconds: Double
    let time: String
    /// When the answer was taken back; nil if it was not.
    let undone: String?
  }

  struct Event: Codable, Sendable {
    let session: Int
    let kind: PageMessage.Event.Kind
    let position: Int
    let milliseconds: Double
  }

  let format: Int
  let fingerprint: String
  let secret: String
  let slot: Int
  let consent: Consent
  let external: [String: String]
  let sessions: [Session]
  let answers: [Given]
  let events: [Event]
  let comments: [PageMessage.Comment]
  let finished: String?
  let withdrawn: Bool
  let code: String?
  // Files of earlier versions have none of these.
  let isPilot: Bool?
  let calibration: PageMessage.Calibration?
  let demographics: [String: Int]?
}
