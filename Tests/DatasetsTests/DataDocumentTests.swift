import Foundation
import Testing

@testable import Datasets

@Suite("docs/data.md")
struct DataDocumentTests {
  /// The first cell of each row of the first table below a heading.
  private func firstColumn(below heading: String) throws -> [String] {
    let repository = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: repository.appending(path: "docs/data.md"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == heading }, "no heading '\(heading)'")
    let table = lines[start...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
    // The first two lines are the head of the table.
    return table.dropFirst(2).map { line in
      String(line.split(separator: "|")[0]).trimmingCharacters(in: CharacterSet(charactersIn: " `"))
    }
  }

  @Test("it lists every format that is read")
  func formats() throws {
    #expect(try firstColumn(below: "## Formats") == DataFormats.all.map { $0.summary })
  }

  @Test("it lists every option of data")
  func options() throws {
    let names = try firstColumn(below: "## Options").map { $0.prefix { $0 != "=" } }
    #expect(names.map(String.init) == DataReference.optionNames)
  }

  @Test("it lists every data set with a name")
  func names() throws {
    #expect(try firstColumn(below: "## Named data sets") == DatasetCatalog.names)
  }
}
