import Foundation
import GRDB
import HumanStudy
import Support

/// Takes the files of the page without a server into the study's database, each once, each whole or
/// not at all.
///
/// A file comes from a stranger's computer: every answer in it passes the same gate as one that
/// comes over the network.
public final class AnswerCollector {
  public struct Outcome: Encodable, Equatable, Sendable {
    /// Participants that were added.
    public var added = 0
    /// Files whose participant was there already.
    public var known = 0
  }

  /// The largest file that is read, in bytes.
  private static let largestFile = 16 << 20

  private let database: StudyDatabase

  /// - Throws: `Failure`.
  public init(_ folder: StudyFolder) throws {
    database = try StudyDatabase(folder.database, try LoadedStudy(folder))
  }

  /// Adds the files' participants.
  /// - Throws: `Failure` about the first file that is not one of this study; those before it are
  ///   in.
  public func add(_ files: [URL], progress: (Int) -> Void = { _ in }) async throws -> Outcome {
    var outcome = Outcome()
    for (number, file) in files.enumerated() {
      if try await add(file) { outcome.added += 1 } else { outcome.known += 1 }
      progress(number + 1)
    }
    return outcome
  }

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
        "\(url.path): \(Self.reason(refusal))", hint: "nothing of this file was taken")
    } catch let error as DatabaseError {
      throw Failure.badData("\(url.path): \(error.message ?? "the database refuses it")")
    }
  }

  private func read(_ url: URL) throws -> AnswerFile {
    guard let handle = try? FileHandle(forReadingFrom: url),
      let data = try? handle.read(upToCount: Self.largestFile + 1)
    else { throw Failure.missing("cannot read \(url.path)") }
    try? handle.close()
    guard data.count <= Self.largestFile else {
      throw Failure.badData("\(url.path) is larger than any answer file")
    }
    guard let file = try? JSONDecoder().decode(AnswerFile.self, from: data) else {
      throw Failure.badData(
        "\(url.path) is no file of a study's page",
        hint: "the page's last step saves one: answers-….json")
    }
    guard file.format == 1, file.fingerprint == database.study.fingerprint else {
      throw Failure.badData(
        "\(url.path) belongs to another study, or to another version of this one")
    }
    guard (1...database.study.lists.count).contains(file.slot) else {
      throw Failure.badData("\(url.path): there is no list \(file.slot)")
    }
    return file
  }

  private static func reason(_ refusal: StudyDatabase.Refusal) -> String {
    switch refusal {
    case .otherConsent: "its participant agreed to another text than this study's"
    case .identityTaken: "its participant's identifier is there already, with other answers"
    case .outOfTurn:
      "its answers are not in the order of its list, or it is said to be finished and is not"
    case .full: "there are too many participants"
    case .notAnAnswer, .notEnrolled, .ended:
      "something in it is no answer to a question of this study"
    }
  }
}

extension StudyDatabase {
  fileprivate func add(_ file: AnswerFile, _ secret: Secret, _ rows: Database) throws {
    guard let external = ExternalIdentity(file.external), file.sessions.count <= 10_000,
      let consented = Self.checked(file.consent.time)
    else { throw Refusal.notAnAnswer }
    let id = try Self.add(secret, .file, rows)
    try enrol(id, consent: file.consent.digest, external, slot: file.slot, time: consented, rows)
    var participant = try Self.participant(id, rows)
    // Sessions in the order they were opened, and in each what was done in it.
    for (number, session) in file.sessions.enumerated() {
      guard PageMessage.isScreen(session.screen), let time = Self.checked(session.time) else {
        throw Refusal.notAnAnswer
      }
      try Self.openSession(&participant, screen: session.screen, time: time, rows)
      for given in file.answers where given.session == number + 1 {
        try add(given, &participant, rows)
      }
      for event in file.events where event.session == number + 1 {
        guard Self.isTime(event.milliseconds), (0...1_000_000).contains(event.position) else {
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
      guard comment.text.utf8.count <= PageMessage.commentLimit, !comment.text.contains("\0"),
        comment.sheet.isEmpty || study.study.sheets.contains(where: { $0.name == comment.sheet })
      else { throw Refusal.notAnAnswer }
      try Self.add(comment: comment.text, sheet: comment.sheet, of: participant, rows)
    }
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
    guard Self.isTime(given.milliseconds), let time = Self.checked(given.time),
      given.choice == nil || Choice(given.choice ?? "") != nil
    else { throw Refusal.notAnAnswer }
    let before = participant.lastStep
    try add(
      GivenAnswer(
        step: Course.Step(position: given.position, question: given.question),
        choice: given.choice.flatMap(Choice.init),
        ending: given.endedOn, milliseconds: given.milliseconds, time: time), of: &participant, rows
    )
    // The page posts an answer twice when it has to; a file has no reason to.
    guard participant.lastStep != before else { throw Refusal.outOfTurn }
  }

  private static func isTime(_ milliseconds: Double) -> Bool {
    (0...PageMessage.longestTime).contains(milliseconds)
  }

  /// A time as the page writes it; nil for anything else.
  private static func checked(_ time: String) -> String? {
    time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) == nil ? nil : time
  }
}
