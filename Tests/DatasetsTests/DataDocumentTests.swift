import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("The documentation of data agrees with the code")
struct DataDocumentTests {
  /// The text of a file of the repository.
  private func text(_ path: String) throws -> String {
    let repository = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: repository.appending(path: path), encoding: .utf8)
  }

  /// The first cell of each row of the first table below a heading of docs/data.md.
  private func firstColumn(below heading: String) throws -> [String] {
    let lines = try text("docs/data.md").split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == heading }, "no heading '\(heading)'")
    let table = lines[start...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
    // The first two lines are the head of the table.
    return table.dropFirst(2).map { line in
      String(line.split(separator: "|")[0]).trimmingCharacters(in: CharacterSet(charactersIn: " `"))
    }
  }

  @Test("docs/data.md lists every format that is read")
  func formats() throws {
    #expect(try firstColumn(below: "## Formats") == DataFormats.all.map { $0.summary })
  }

  @Test("docs/data.md lists every option of data")
  func options() throws {
    let names = try firstColumn(below: "## Options").map { $0.prefix { $0 != "=" } }
    #expect(names.map(String.init) == DataReference.optionNames)
  }

  @Test("docs/data.md lists every data set with a name")
  func names() throws {
    #expect(try firstColumn(below: "## Named data sets") == DatasetCatalog.names)
  }

  @Test("docs/adding-a-format.md shows the example of a format word for word")
  func example() throws {
    let file = try text("Tests/DatasetsTests/RawImages.swift")
      .replacing("\n@testable import Datasets\n", with: "")
    #expect(try text("docs/adding-a-format.md").contains("```swift\n\(file)```"))
  }

  @Test("the example of a format is read, and a damaged file is refused")
  func exampleIsRead() throws {
    let folder = TemporaryFolder()
    let header: [UInt8] = Array("RAW8".utf8) + [2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]
    let file = header + (0..<12) + [1, 0]
    func load(_ bytes: [UInt8]) throws -> LabelledImages {
      let url = try folder.write(bytes, to: "x.raw8")
      return try #require(try RawImages(url, .none())).load(nil, name: "x") { _, _ in }
    }
    let images = try load(file)
    #expect(images.pixels.shape == [2, 1, 2, 3])
    #expect(images.labels.int64s() == [1, 0])
    for damaged in [Array(file.dropLast()), file + [0], [0] + file.dropFirst()] {
      #expect(try failure { try load(damaged) }.kind == .badData)
    }
    fuzz(file) { try load([UInt8]($0)) }
    #expect(try RawImages(try folder.write(file, to: "x.png"), .none()) == nil)
  }
}
