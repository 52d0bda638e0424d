import Foundation
import HumanStudy
import Support

/// Runs a whole study with simulated participants, who answer over HTTP at a server that only this
/// machine can reach.
public struct StudySimulation: Sendable {
  private let folder: StudyFolder
  private let loaded: LoadedStudy
  private let key: [String: Stimulus]

  /// - Throws: `Failure` if the study is not complete or its key cannot be read.
  public init(_ folder: StudyFolder) throws {
    self.folder = folder
    loaded = try LoadedStudy(folder)
    key = try Dictionary(folder.readKey().map { ($0.name, $0) }) { first, _ in first }
  }

  /// The names of the source models of the study's pictures, sorted.
  public var models: [String] { Set(key.values.compactMap(\.source)).sorted() }

  /// The number of participants that the study wants.
  public var participants: Int { loaded.study.participants }

  /// The largest number of questions of a participant.
  public var questions: Int {
    (loaded.lists.map(\.count).max() ?? 0) * loaded.study.questions.count
  }

  /// Simulates participants and writes their answers into a folder, with copies of the files that
  /// scoring needs. So simulated answers are never mixed with the answers of people.
  /// - Parameters:
  ///   - behaviours: the behaviour for the pictures of each source model.
  ///   - progress: told how many answers are stored.
  /// - Throws: `Failure` if the folder already has answers or cannot be written.
  public func run(
    participants: Int, behaviours: [String: SimulatedBehaviour], seed: Seed, to out: URL,
    progress: @Sendable @escaping (Int) -> Void = { _ in }
  ) async throws -> StudyExport {
    let place = StudyFolder(out)
    guard !FileManager.default.fileExists(atPath: place.database.path) else {
      throw Failure.cannotWrite(
        "\(place.database.path) exists already, and simulated answers would be added to it",
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
    // They consent one after another, so that with the same seed everybody gets the same list
    // again. Then they answer at the same time, up to 16 at once.
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
    let export = try StudyDatabase(place.database, loaded).export(to: place)
    try StudyServer.writeDataset(place)
    return export
  }

  /// Counts the answers of all participants and reports the number.
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
