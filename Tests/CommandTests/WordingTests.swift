import Foundation
import Testing

/// Messages on which readers stumbled, and which have better words now (docs/messages.md).
@Suite("Messages that readers stumbled on")
struct WordingTests {
  private static let replaced = [
    "goes on where it was stopped", "Fire every model's", "which would have to be run",
    "is not there", "not seen: ", "not found: ", "(a program)", "what images it takes",
    "passes forward, ", "look closely at it", "What is left under", "What was asked",
    "What came out", "Made on", "Shown to", "holds out best", "is worth nothing",
    "Right while training", "All randomness derives", "See what is said of",
    "another crossfire is at work in \\(url", "there is no file", "cannot find ",
  ]

  /// The lines of a Swift file that are not comments.
  private static func code(_ file: URL) throws -> String {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { line in
      !line.drop { $0 == " " }.hasPrefix("//")
    }.joined(separator: "\n")
  }

  @Test("no source prints one of them")
  func sources() throws {
    var files = 0
    for folder in [
      "Sources", "Attacks", "Certificates", "Defenses", "Explanations", "Reports",
    ] {
      let place = Documentation.root.appending(path: folder)
      let walk = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)
      for case let file as URL in walk ?? FileManager.DirectoryEnumerator()
      where file.pathExtension == "swift" {
        let code = try Self.code(file)
        files += 1
        for message in Self.replaced {
          #expect(!code.contains(message), "\(file.lastPathComponent): \(message)")
        }
      }
    }
    #expect(files > 400)
  }
}
