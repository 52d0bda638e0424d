import Foundation
import Testing

@testable import ModelCore

@Suite("The documentation describes every layer")
struct LayerDocumentationTests {
  /// The first cell of each row of the table in the section "Layers", without its backquotes.
  private func documentedSyntax() throws -> [String] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/file-formats.md"), encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## Layers\n").last)
    return section.split(separator: "\n").prefix { !$0.hasPrefix("## ") }
      .filter { $0.hasPrefix("| `") }
      .map { String($0.split(separator: "`")[1]) }
  }

  @Test("the table in docs/file-formats.md lists the kinds of layers in the order of the registry")
  func keywords() throws {
    let documented = try documentedSyntax().map { $0.split(separator: " ")[0] }
    #expect(documented.map(String.init) == LayerRegistry.kinds.map { $0.keyword })
  }

  @Test("a layer without settings in the table needs none, and one with settings needs them")
  func settings() throws {
    for syntax in try documentedSyntax() {
      let words = syntax.split(separator: " ").map(String.init)
      let needsSettings =
        words.count > 1 && (!words[1].hasPrefix("[") || words[1].hasPrefix("[LAYER"))
      if needsSettings {
        #expect(throws: (any Error).self, "\(syntax)") { try LayerList([words[0]]) }
      } else {
        #expect(try LayerList([words[0]]).layers.count == 1, "\(syntax)")
      }
    }
  }
}
