import ArgumentParser
import Foundation
import HumanStudy
import StudyServer
import Support

/// The folder of a study, as `study sample` wrote it.
struct StudyFolderArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The study's folder.", valueName: "dir"), completion: .directory)
  var study: String

  var folder: StudyFolder { StudyFolder(URL(filePath: study)) }
}

struct StudyServe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve a study's page and store the answers.",
    discussion: """
      Every answer is on disk before the next picture is shown. Stop the server with
      Ctrl-C and start it again whenever you like: participants go on where they
      were. It listens to this machine alone unless --host says otherwise, and
      speaks no TLS: on a network, put a proxy in front that does (docs/study-server.md).

      EXAMPLES
        crossfire study serve results/study
        crossfire study serve results/study --port 9000 --invited-only
        crossfire study serve results/study \\
          --completion-url "https://app.prolific.com/submissions/complete?cc=CODE"
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(help: ArgumentHelp("The address to listen at, in digits.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The port; 0 takes any that is free.", valueName: "n"))
  var port = 8_080

  @Flag(help: "Only who has a link of 'crossfire study links' may take part.")
  var invitedOnly = false

  @Option(help: ArgumentHelp("Where participants go at the end.", valueName: "url"))
  var completionUrl: String?

  @Option(
    help: ArgumentHelp(
      "Minutes without an answer after which a list is given to somebody else.",
      valueName: "minutes"))
  var patience = 60.0

  @Flag(help: "Tell nothing but the address.")
  var quiet = false

  func run() throws {
    var options = StudyServer.Options()
    options.host = host
    options.port = port
    options.isOpen = !invitedOnly
    options.completionURL = completionUrl
    options.patience = patience
    let isQuiet = quiet
    let server = try StudyServer(study.folder, options) { line in
      let time = Date().formatted(.iso8601)
      if !isQuiet { FileHandle.standardError.write(Data("\(time) \(line)\n".utf8)) }
    }
    let shown = host.contains(":") ? "[\(host)]" : host
    print("http://\(shown):\(server.port)/")
    fflush(nil)
    try waiting { try await server.run() }
  }
}

struct StudyLinks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "links",
    abstract: "Make personal links for participants.",
    discussion: """
      Each is for one person, cannot be guessed, and is shown this once: the study
      keeps only a digest of it. Links can be made while the study is being served.

      EXAMPLE
        crossfire study links results/study --count 12 \\
          --address https://study.example.org/
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(help: ArgumentHelp("How many.", valueName: "n"))
  var count = 1

  @Option(
    help: ArgumentHelp("The address at which participants reach the study.", valueName: "url"))
  var address = "http://127.0.0.1:8080/"

  func run() throws {
    let base = address.hasSuffix("/") ? address : address + "/"
    let (folder, count) = (study.folder, count)
    let secrets = try waiting { try await StudyServer.makeLinks(folder, count: count) }
    for secret in secrets { print("\(base)#\(secret)") }
  }
}

/// Runs asynchronous work to its end from a command's synchronous one.
func waiting<Result: Sendable>(_ body: @Sendable @escaping () async throws -> Result) throws
  -> Result
{
  let done = DispatchSemaphore(value: 0)
  let box = OutcomeBox<Result>()
  Task {
    do { box.value = .success(try await body()) } catch { box.value = .failure(error) }
    done.signal()
  }
  done.wait()
  return try box.value!.get()
}

/// Written before the semaphore is signalled, read after.
private final class OutcomeBox<Value>: @unchecked Sendable {
  var value: Result<Value, any Error>?
}
