import ArgumentParser
import Foundation
import HumanStudy
import StudyServer
import Support

/// The folder of a study, as `crossfire study sample` writes it.
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
      Every answer is on disk before the next picture is shown. You can stop the
      server with Ctrl-C and start it again at any time. Participants continue where
      they stopped.

      Unless --host says otherwise, only this machine can reach the server. It does
      not support TLS. To serve a study on a network, put a proxy with TLS in front of
      it (docs/study-server.md).

      EXAMPLES
        crossfire study serve results/study
        crossfire study serve results/study --port 9000 --invited-only
        crossfire study serve results/study \\
          --completion-url "https://app.prolific.com/submissions/complete?cc=CODE"
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(
    help: ArgumentHelp("The IP address to listen at, or 'localhost'.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The port; 0 takes any free port.", valueName: "n"))
  var port = Number(8_080)

  @Flag(help: "Only people with a link from 'crossfire study links' may take part.")
  var invitedOnly = false

  @Option(
    help: ArgumentHelp(
      "The address that the last page returns to. Only participants who have finished are told it.",
      valueName: "url"))
  var completionUrl: String?

  @Flag(help: "Try the study out: answers of newcomers are marked and not analysed.")
  var pilot = false

  @Option(
    help: ArgumentHelp(
      "Minutes without an answer after which a list is given to another participant.",
      valueName: "minutes"))
  var patience = Number(60)

  @Flag(help: "Print the address only, and no log.")
  var quiet = false

  func run() throws {
    var options = StudyServer.Options()
    options.host = host
    options.port = try port.whole("--port", in: 0...65_535)
    options.isOpen = !invitedOnly
    options.completionURL = completionUrl
    options.isPilot = pilot
    options.patience = try patience.real(
      "--patience", in: 1e-3...1e9, expected: "a number of minutes above 0, and at most 1000000000")
    let isQuiet = quiet
    let server = try StudyServer(study.folder, options) { line in
      let time = Date().formatted(.iso8601)
      if !isQuiet { Console.report("\(time) \(line)\n") }
    }
    let shown = host.contains(":") ? "[\(host)]" : host
    try Console.write("http://\(shown):\(server.port)/")
    try waiting { try await server.run() }
  }
}

struct StudyLinks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "links",
    abstract: "Make personal links for participants.",
    discussion: """
      Each link is for one person and contains a secret that cannot be guessed. A
      link is shown only once, because the study stores a digest of the secret and
      not the secret. Links can also be made while the study is being served.

      EXAMPLE
        crossfire study links results/study --count 12 \\
          --address https://study.example.org/
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(help: ArgumentHelp("The number of links.", valueName: "n"))
  var count = Number(1)

  @Option(
    help: ArgumentHelp("The address at which participants reach the study.", valueName: "url"))
  var address = "http://127.0.0.1:8080/"

  func run() throws {
    let base = address.hasSuffix("/") ? address : address + "/"
    let folder = study.folder
    let count = try count.whole("--count", in: 1...10_000)
    let secrets = try waiting { try await StudyServer.makeLinks(folder, count: count) }
    try Console.write(secrets.map { "\(base)#\($0)" }.joined(separator: "\n"))
  }
}

/// Runs asynchronous work from a synchronous command and waits for its end.
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

/// A value that one task writes before it signals a semaphore, and that another task reads after it
/// has waited for that signal. There is thus no data race, although the compiler cannot check this.
private final class OutcomeBox<Value>: @unchecked Sendable {
  var value: Result<Value, any Error>?
}
