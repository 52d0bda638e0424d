import Foundation
import HumanStudy
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A process that runs `crossfire study serve`.
struct ServedProcess {
  /// The built command, which is in the folder of this test program.
  static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "crossfire")

  let port: Int
  private let process = Process()

  init(_ folder: StudyFolder, port: Int) throws {
    process.executableURL = Self.program
    process.arguments = ["study", "serve", folder.url.path, "--port", "\(port)", "--quiet"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let address = try #require(URL(string: line.trimmingCharacters(in: .whitespacesAndNewlines)))
    self.port = try #require(address.port)
  }

  func kill() {
    #if canImport(Glibc)
      _ = Glibc.kill(process.processIdentifier, SIGKILL)
    #else
      _ = Darwin.kill(process.processIdentifier, SIGKILL)
    #endif
    process.waitUntilExit()
  }
}
