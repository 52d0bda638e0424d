import Foundation
import Testing

/// A short run of what `Tests/fuzz.sh` does with 10,000 files.
@Suite("Damaged files of every format")
struct FuzzTests {
  private static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "crossfire-fuzz")

  @Test("200 damaged files per format are read or refused, each within 5 seconds and a gigabyte")
  func short() throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = Self.program
    process.arguments = ["all", "200", "7"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(
      process.terminationReason == .exit && process.terminationStatus == 0, "\(text.suffix(400))")
    #expect(text.split(separator: "\n").filter { $0.contains(" refused, ") }.count == 17)
  }
}
