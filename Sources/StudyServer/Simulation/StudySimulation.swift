import Foundation
import HumanStudy
import Support

/// A whole study with simulated participants, who answer over HTTP at a server of their own on
/// loopback.
public struct StudySimulation: Sendable {
  private let folder: StudyFolder
  private let loaded: LoadedStudy
  private let key: [String: Stimulus]

  /// - Throws: `Failure` if the study or its key is not whole.
  public init(_ folder: StudyFolder) throws {
    self.folder = folder
    loaded = try LoadedStudy(folder)
    key = try Dictionary(folder.readKey().map { ($0.name, $0) }) { first, _ in first }
  }

  /// The models whose pictures the study shows, by name.
  public var models: [String] { Set(key.values.compactMap(\.source)).sorted() }

  /// Participants wanted.
  public var participants: Int { loaded.study.participants }

  /// Questions a participant is asked at most.
  public var questions: Int {
    (loaded.lists.map(\.count).max() ?? 0) * loaded.study.questions.count
  }

  /// Lets participants take part, and writes their answers and copies of what scoring needs into a
  /// folder of their own: simulated answers never stand beside those of people.
  /// - Parameters:
  ///   - behaviours: by model.
  ///   - progress: told how many answers are stored.
  /// - Throws: `Failure`.
  public func run(
    participants: Int, behaviours: [String: SimulatedBehaviour], seed: Seed, to out: URL,
    progress: @Sendable @escaping (Int) -> Void = { _ in }
  ) async throws -> StudyExport {
    let place = StudyFolder(out)
    guard !FileManager.default.fileExists(atPath: place.database.path) else {
      throw Failure.cannotWrite(
        "\(place.database.path) is there already",
        hint: "choose another folder with --out, or remove that one")
    }
    try createFolder(out)
    for file in [folder.study, folder.trials, folder.key, folder.design, folder.predictions] {
      guard let content = try? Data(contentsOf: file) else { continue }
      try AtomicFile.write(content, to: out.appending(path: file.lastPathComponent))
    }
    var options = StudyServer.Options()
    options.port = 0
    let server = try StudyServer(folder, database: place.database, options)
    let running = Task { try await server.run() }
    defer { running.cancel() }
    let address = URL(string: "http://127.0.0.1:\(server.port)")!
    let counter = Counter(progress)
    // They come one after the other, so that the same seed gives everybody the same list, and
    // answer at the same time.
    var people: [SimulatedParticipant] = []
    for number in 1...participants {
      let person = SimulatedPerson(
        key: key, behaviours: behaviours, classes: loaded.study.classNames.count,
        seed: seed.derive("simulated participant \(number)"))
      var participant = SimulatedParticipant(StudyClient(address: address), person)
      try await participant.consent(loaded.consentDigest)
      people.append(participant)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, person) in people.enumerated() {
        if number >= 16 { try await group.next() }
        group.addTask {
          var person = person
          try await person.answer { counter.count() }
          try await person.finish()
        }
      }
      try await group.waitForAll()
    }
    return try StudyDatabase(place.database, loaded).export(to: place)
  }

  private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0
    private let told: @Sendable (Int) -> Void

    init(_ told: @Sendable @escaping (Int) -> Void) {
      self.told = told
    }

    func count() {
      lock.withLock {
        value += 1
        told(value)
      }
    }
  }
}
