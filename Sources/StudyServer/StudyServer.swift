import Foundation
import HumanStudy
import Support

/// Serves a study over HTTP: it sends the page to participants and stores their answers in
/// `answers.sqlite`.
///
/// Unless `host` says otherwise, only the same machine can reach it. It does not support TLS. On a
/// network, put a proxy with TLS in front of it.
public struct StudyServer: Sendable {
  public struct Options: Sendable {
    /// The IPv4 or IPv6 address to listen at, or `localhost`.
    public var host = "127.0.0.1"
    /// The port to listen at; 0 takes any free port.
    public var port = 8_080
    /// Whether everybody who knows the address may take part. Otherwise a personal link is needed.
    public var isOpen = true
    /// The http or https address that the last page returns to. Only participants who have finished
    /// are told it.
    public var completionURL: String?
    /// Whether newcomers try the study out. Their answers are marked and not analysed.
    public var isPilot = false
    /// Minutes without an answer after which a participant's list is given to another participant.
    public var patience = 60.0

    public init() {}
  }

  private let server: HTTPServer
  private let database: StudyDatabase

  /// Opens the study and its database, and starts to listen. `run` answers requests.
  /// - Parameters:
  ///   - place: the database file; `answers.sqlite` in the folder if nil.
  ///   - log: gets one line for each event. Lines contain no secrets.
  /// - Throws: `Failure` if an option is not valid, the study or the database cannot be read, or
  ///   the address cannot be used.
  public init(
    _ folder: StudyFolder, database place: URL? = nil, _ options: Options = Options(),
    log: @Sendable @escaping (String) -> Void = { _ in }
  ) throws {
    guard options.patience > 0, options.patience.isFinite else {
      throw Failure.usage(
        "--patience \(options.patience): expected a number of minutes above 0")
    }
    if let address = options.completionURL {
      let scheme = URL(string: address)?.scheme?.lowercased()
      guard scheme == "https" || scheme == "http", URL(string: address)?.host()?.isEmpty == false
      else {
        throw Failure.usage(
          "--completion-url '\(address)': expected an http or https address",
          hint: "for example https://app.prolific.com/submissions/complete?cc=CODE")
      }
    }
    database = try StudyDatabase(
      place ?? folder.database, try LoadedStudy(folder), patience: options.patience)
    let service = StudyService(
      database, isOpen: options.isOpen, completionURL: options.completionURL,
      isPilot: options.isPilot, log: log)
    server = try HTTPServer(host: options.host, port: options.port) {
      await service.answer($0, from: $1)
    }
  }

  public var port: Int { server.port }

  /// Answers requests until the task is cancelled.
  public func run() async throws { try await server.run() }

  /// Creates participants and returns the secrets of their links.
  ///
  /// Only digests of the secrets are stored, so that a lost secret cannot be recovered.
  /// - Parameter count: 1 to 10,000.
  /// - Throws: `Failure` if there would be too many participants or the database cannot be written.
  public static func makeLinks(_ folder: StudyFolder, count: Int) async throws -> [String] {
    guard (1...10_000).contains(count) else {
      throw Failure.usage("--count \(count): expected a number from 1 to 10000")
    }
    let database = try StudyDatabase(folder.database, try LoadedStudy(folder))
    let secrets = (0..<count).map { _ in Secret() }
    try await Self.explained {
      try await database.write { rows in
        for secret in secrets { _ = try StudyDatabase.add(secret, .link, rows) }
      }
    }
    return secrets.map(\.text)
  }

  /// Writes the stored answers as tables, see `StudyDatabase.export`, and as a dataset of Psych-DS if
  /// the folder has the key.
  /// - Throws: `Failure.missing` if there is no database.
  public static func export(_ folder: StudyFolder) throws -> StudyExport {
    guard FileManager.default.fileExists(atPath: folder.database.path) else {
      throw Failure.missing(
        "\(folder.url.path) has no answers.sqlite, because nobody has answered yet",
        hint: "serve the study with 'crossfire study serve'")
    }
    let export = try StudyDatabase(folder.database, try LoadedStudy(folder)).export(to: folder)
    try writeDataset(folder)
    return export
  }

  /// Writes the exported tables as a dataset of Psych-DS, if the folder has the key and the design.
  static func writeDataset(_ folder: StudyFolder) throws {
    let needed = [folder.key, folder.design]
    guard needed.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) }) else { return }
    try PsychDataset(folder).write()
  }

  /// Runs a change of the database and turns its refusals into failures.
  static func explained<Result>(_ body: () async throws -> Result) async throws -> Result {
    do { return try await body() } catch StudyDatabase.Refusal.full {
      throw Failure(
        .failed, "the study has \(StudyDatabase.capacity) participants, which is the largest number"
      )
    }
  }
}
