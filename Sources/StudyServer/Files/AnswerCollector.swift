import Foundation
import GRDB
import HumanStudy
import Support

/// Adds the answer files of the page without a server to the study's database.
///
/// Each file is added once, and completely or not at all. A file comes from a stranger's computer,
/// so every answer in it is checked as strictly as an answer that arrives over the network.
public final class AnswerCollector {
  public struct Outcome: Encodable, Equatable, Sendable {
    /// The number of participants that were added.
    public var added = 0
    /// The number of files whose participant had been added before.
    public var known = 0
  }

  /// The size of the largest file that is read, in bytes.
  private static let largestFile = 16 << 20

  private let database: StudyDatabase

  /// - Throws: `Failure` if the study or its database cannot be read.
  public init(_ folder: StudyFolder) throws {
    database = try StudyDatabase(folder.database, try LoadedStudy(folder))
  }

  /// Adds the participants of files.
  /// - Parameter progress: told how many files are done.
  /// - Throws: `Failure` about the first file that cannot be added. The files before it have been
  ///   added.
  public func add(_ files: [URL], progress: (Int) -> Void = { _ in }) async throws -> Outcome {
    var outcome = Outcome()
    for (number, file) in files.enumerated() {
      if try await add(file) { outcome.added += 1 } else { outcome.known += 1 }
      progress(number + 1)
    }
    return outcome
  }

  /// Adds the participant of a file.
  /// - Returns: false if the participant had been added before.
  private func add(_ url: URL) async throws -> Bool {
    let file = try read(url)
    let database = database
    let secret = Secret(file.secret)
    do {
      return try await database.write { rows in
        guard let secret else { throw StudyDatabase.Refusal.notAnAnswer }
        guard try StudyDatabase.participant(secret, rows) == nil else { return false }
        try database.add(file, secret, rows)
        return true
      }
    } catch let refusal as StudyDatabase.Refusal {
      throw Failure.badData(
        "\(url.path): \(Self.reason(refusal))", hint: "nothing of this file was added")
    } catch let error as DatabaseError {
      throw Failure.badData(
        "\(url.path): \(error.message ?? "the database refuses it")",
        hint: "nothing of this file was added")
    }
  }

  private func read(_ url: URL) throws -> AnswerFile {
    guard let handle = try? FileHandle(forReadingFrom: url),
      let data = try? handle.read(upToCount: Self.largestFile + 1)
    else { throw Failure.missing("cannot read \(url.path)") }
    try? handle.close()
    guard data.count <= Self.largestFile else {
      throw Failure.badData(
        "\(url.path) is not an answer file: it has more than \(Self.largestFile) bytes")
    }
    guard let file = try? JSONDecoder().decode(AnswerFile.self, from: data) else {
      throw Failure.badData(
        "\(url.path) is not an answer file of a study's page",
        hint: "expected a file answers-….json, which the last page of a study saves")
    }
    guard file.format == 1, file.fingerprint == database.study.fingerprint else {
      throw Failure.badData(
        "\(url.path) belongs to another study, or to another version of this one",
        hint: "use the study folder that the page was written from")
    }
    let lists = database.study.lists.count
    guard (1...lists).contains(file.slot) else {
      throw Failure.badData(
        "\(url.path): slot: expected a list from 1 to \(lists), found \(file.slot)")
    }
    return file
  }

  private static func reason(_ refusal: StudyDatabase.Refusal) -> String {
    switch refusal {
    case .otherConsent: "the participant agreed to a text that is not this study's consent"
    case .identityTaken: "another participant already has the same identifier"
    case .outOfTurn:
      "answers are not in the order of the list, or the study is finished and answers are missing"
    case .full: "the study has \(StudyDatabase.capacity) participants, which is the largest number"
    case .notAnAnswer, .notEnrolled, .ended, .settled:
      "a value is not one that the page can have written for this study"
    }
  }
}

extension StudyDatabase {
  /// Adds everything that a file says about its participant.
  fileprivate func add(_ file: AnswerFile, _ secret: Secret, _ rows: Database) throws {
    guard let external = ExternalIdentity(file.external), file.sessions.count <= 10_000,
      let consented = Self.checked(file.consent.time)
    else { throw Refusal.notAnAnswer }
    let id = try Self.add(secret, .file, rows)
    try enrol(
      id, consent: file.consent.digest, external, slot: file.slot, time: consented,
      isPilot: file.isPilot ?? false, rows)
    var participant = try Self.participant(id, rows)
    // The sessions in the order in which they were opened, each with its answers and events.
    for (number, session) in file.sessions.enumerated() {
      guard PageMessage.isScreen(session.screen), let time = Self.checked(session.time) else {
        throw Refusal.notAnAnswer
      }
      try Self.openSession(&participant, screen: session.screen, time: time, rows)
      if number == 0, let calibration = file.calibration {
        guard calibration.isPossible else { throw Refusal.notAnAnswer }
        try Self.add(calibration: calibration, of: &participant, rows)
      }
      for given in file.answers where given.session == number + 1 {
        try add(given, &participant, rows)
      }
      for event in file.events where event.session == number + 1 {
        guard PageMessage.isTime(event.milliseconds), (0...1_000_000).contains(event.position)
        else {
          throw Refusal.notAnAnswer
        }
        try Self.add(
          event: event.kind.rawValue, position: event.position, milliseconds: event.milliseconds,
          of: participant, rows)
      }
    }
    guard file.answers.allSatisfy({ (1...max(file.sessions.count, 1)).contains($0.session) }) else {
      throw Refusal.notAnAnswer
    }
    for comment in file.comments {
      guard comment.fits(study.study) else { throw Refusal.notAnAnswer }
      try Self.add(comment: comment.text, sheet: comment.sheet, of: participant, rows)
    }
    try add(demographics: file.demographics ?? [:], of: participant, rows)
    if let finished = file.finished {
      guard let time = Self.checked(finished), let code = file.code,
        code.wholeMatch(of: /[0-9A-Z]{4}-[0-9A-Z]{4}/) != nil
      else { throw Refusal.notAnAnswer }
      try finish(&participant, code: code, time: time, rows)
    }
    if file.withdrawn { try Self.withdraw(&participant, rows) }
  }

  private func add(_ given: AnswerFile.Given, _ participant: inout Participant, _ rows: Database)
    throws
  {
    guard PageMessage.isTime(given.milliseconds), let time = Self.checked(given.time),
      given.choice == nil || Choice(given.choice ?? "") != nil
    else { throw Refusal.notAnAnswer }
    let before = participant.lastStep
    try add(
      GivenAnswer(
        step: Course.Step(position: given.position, question: given.question),
        choice: given.choice.flatMap(Choice.init), ending: given.endedOn,
        milliseconds: given.milliseconds, time: time), of: &participant, rows)
    // Over the network, an answer that is stored already is not an error, because the page may have
    // to send it again. In a file it is an error.
    guard participant.lastStep != before else { throw Refusal.outOfTurn }
    if let undone = given.undone {
      guard let time = Self.checked(undone), let step = participant.lastStep else {
        throw Refusal.notAnAnswer
      }
      try undo(step, of: &participant, time: time, rows)
    }
  }

  /// The text if it is a time as the page writes it, such as `2026-01-31T12:00:00.000Z`; else nil.
  private static func checked(_ time: String) -> String? {
    time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) == nil ? nil : time
  }
}
