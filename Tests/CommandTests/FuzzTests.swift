import Foundation
import Testing

/// A short run of what `Tests/fuzz.sh` does with 10,000 files.
@Suite("Damaged files of every format")
struct FuzzTests {
  private static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "crossfire-fuzz")

  /// The name of the format at the beginning of a line.
  private static func name(_ line: Substring) -> Substring { line.prefix { $0 != ":" } }

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
    // Of each format the program prints a line when it begins and a line when it has finished.
    let lines = text.split(separator: "\n")
    let begun = lines.filter { $0.contains(" files, the last in ") }.map(Self.name)
    #expect(!begun.isEmpty)
    #expect(lines.filter { $0.contains(" refused, ") }.map(Self.name) == begun)
    // The documentation names every format that is tried.
    let page = try Documentation.text("docs/security.md")
    for name in begun {
      #expect(page.contains("| \(name) |") || page.contains("`\(name)`"), "\(name)")
    }
  }
}
