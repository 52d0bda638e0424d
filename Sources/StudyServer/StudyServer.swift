import Foundation
import HumanStudy
import Support

/// A study served over HTTP: its page to participants, their answers to `answers.sqlite`.
///
/// It binds to loopback unless told otherwise and speaks no TLS: on a network, put a proxy in front
/// that does.
public struct StudyServer: Sendable {
  public struct Options: Sendable {
    /// An address in digits, or `localhost`.
    public var host = "127.0.0.1"
    /// 0: any that is free.
    public var port = 8_080
    /// Whether anybody with the address may take part, or only who has a link that was made.
    public var isOpen = true
    /// Where participants go at the end, an http or https address.
    public var completionURL: String?
    /// Minutes without an answer after which a participant's list is given to somebody else.
    public var patience = 60.0

    public init() {}
  }

  private let server: HTTPServer
  private let database: StudyDatabase

  /// Opens the study and its database, and binds to the address.
  /// - Parameter log: told what happens, a line at a time, without anything secret.
  /// - Throws: `Failure`.
  public init(
    _ folder: StudyFolder, database place: URL? = nil, _ options: Options = Options(),
    log: @Sendable @escaping (String) -> Void = { _ in }
  ) throws {
    guard options.patience > 0, options.patience.isFinite else {
      throw Failure.usage("the patience has to be more than 0 minutes")
    }
    if let address = options.completionURL {
      let scheme = URL(string: address)?.scheme?.lowercased()
      guard scheme == "https" || scheme == "http", URL(string: address)?.host()?.isEmpty == false
      else {
        throw Failure.usage(
          "the completion address '\(address)' is none", hint: "it begins with https://")
      }
    }
    database = try StudyDatabase(
      place ?? folder.database, try LoadedStudy(folder), patience: options.patience)
    let service = StudyService(
      database, isOpen: options.isOpen, completionURL: options.completionURL, log: log)
    server = try HTTPServer(host: options.host, port: options.port) {
      await service.answer($0, from: $1)
    }
  }

  public var port: Int { server.port }

  /// Serves until the task is cancelled.
  public func run() async throws { try await server.run() }

  /// Makes participants and gives their links' secrets, which are kept nowhere: what is lost cannot
  /// be found again.
  /// - Throws: `Failure`.
  public static func makeLinks(_ folder: StudyFolder, count: Int) async throws -> [String] {
    guard (1...10_000).contains(count) else {
      throw Failure.usage("\(count) links: expected 1 to 10000")
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

  /// Writes what was stored as tables; see `StudyDatabase.export`.
  /// - Throws: `Failure.missing` if nobody has taken part yet.
  public static func export(_ folder: StudyFolder) throws -> StudyExport {
    guard FileManager.default.fileExists(atPath: folder.database.path) else {
      throw Failure.missing("\(folder.url.path) has no answers.sqlite: the study was never served")
    }
    return try StudyDatabase(folder.database, try LoadedStudy(folder)).export(to: folder)
  }

  /// What the database refuses, as a failure.
  static func explained<Result>(_ body: () async throws -> Result) async throws -> Result {
    do { return try await body() } catch StudyDatabase.Refusal.full {
      throw Failure(
        .failed, "there are \(StudyDatabase.capacity) participants already, and no more are taken")
    }
  }
}
