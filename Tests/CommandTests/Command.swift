import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The built command, run as a user runs it.
struct Command {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The built command, in the same folder as this test program.
  static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "crossfire")

  let process = Process()
  private let outputFile: URL
  private let errorFile: URL

  /// Starts the command.
  /// - Parameter limits: a shell command that runs before it in the same shell, such as
  ///   `ulimit -f 8`.
  init(_ arguments: [String], limits: String? = nil) throws {
    let folder = FileManager.default.temporaryDirectory
    outputFile = folder.appending(path: "crossfire-out-\(UUID().uuidString)")
    errorFile = folder.appending(path: "crossfire-err-\(UUID().uuidString)")
    if let limits {
      process.executableURL = URL(filePath: "/bin/bash")
      process.arguments = ["-c", limits + "; exec \"$0\" \"$@\"", Self.program.path] + arguments
    } else {
      process.executableURL = Self.program
      process.arguments = arguments
    }
    for file in [outputFile, errorFile] {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    }
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
  }

  func kill(_ signal: Int32) {
    #if canImport(Glibc)
      Glibc.kill(process.processIdentifier, signal)
    #else
      Darwin.kill(process.processIdentifier, signal)
    #endif
  }

  /// Waits until the command has written a text to standard error, for half a minute at most.
  func awaitErrors(containing text: String) {
    for _ in 0..<600 where process.isRunning {
      let errors = (try? String(contentsOf: errorFile, encoding: .utf8)) ?? ""
      if errors.contains(text) { return }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  func wait() -> Result {
    process.waitUntilExit()
    defer { for file in [outputFile, errorFile] { try? FileManager.default.removeItem(at: file) } }
    let text = { (file: URL) in (try? String(contentsOf: file, encoding: .utf8)) ?? "" }
    return Result(
      status: process.terminationStatus, output: text(outputFile), errors: text(errorFile))
  }

  /// Runs the command with one thread, and expects that it succeeds.
  /// - Returns: what it prints.
  @discardableResult
  static func output(_ arguments: String...) throws -> String {
    let result = try Command(arguments + ["--threads", "1"]).wait()
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result.output
  }

  /// Runs the command to its end.
  @discardableResult
  static func run(_ arguments: String..., limits: String? = nil) throws -> Result {
    try Command(arguments, limits: limits).wait()
  }
}

/// The contents of all files below a folder by their path relative to it, without the log, and without
/// the hidden folders that hold claims, marks and cached fingerprints.
func contents(of folder: URL) throws -> [String: Data] {
  let walk = FileManager.default.enumerator(
    at: folder, includingPropertiesForKeys: [.isRegularFileKey])
  var files: [String: Data] = [:]
  for case let file as URL in walk ?? FileManager.DirectoryEnumerator() {
    guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
      continue
    }
    let path = String(
      file.standardizedFileURL.path.dropFirst(folder.standardizedFileURL.path.count + 1))
    let isHidden = [".claims/", ".steps/", ".data/"].contains { "/\(path)".contains("/\($0)") }
    if file.lastPathComponent != "log.jsonl", !isHidden { files[path] = try Data(contentsOf: file) }
  }
  return files
}

/// A small experiment on generated digits that takes a second or two.
let smallExperiment = """
  name: small
  seed: 3
  data: { name: synthetic, train: 600, test: 200 }
  models:
    a: { architecture: small, epochs: 3 }
    b: { architecture: small, epochs: 2, defense: { adversarial-training: { epsilon: 0.2 } } }
  attacks:
    fgsm: { epsilons: [0, 0.1, 0.3] }
    tgsm: { epsilons: [0.1, 0.3], target: random }
  count: 100
  images: { attacks: [fgsm], count: 3 }
  """
