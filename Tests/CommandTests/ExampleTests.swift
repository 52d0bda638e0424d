import Evaluation
import Foundation
import Testing

@Suite("The examples in the documentation compile and work")
struct ExampleTests {
  /// The text of a file beside this one.
  private static func source(_ name: String) throws -> String {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: name)
    return try String(contentsOf: file, encoding: .utf8)
  }

  @Test("the README shows LibraryExample.swift word for word")
  func libraryExampleIsShown() throws {
    let shown = try Documentation.codeBlocks("swift", in: "README.md")
    #expect(shown == [try Self.source("LibraryExample.swift")])
  }

  @Test("the README's library example measures white-box and black-box accuracy")
  func libraryExample() throws {
    let cells = try accuracyUnderFGSM()
    #expect(cells.map(\.epsilon) == [0, 0, 0.05, 0.05, 0.1, 0.1])
    #expect(cells.map(\.victim) == ["a", "b", "a", "b", "a", "b"])
    #expect(
      cells.map(\.setting) == [.whiteBox, .blackBox, .whiteBox, .blackBox, .whiteBox, .blackBox])
    let accuracies = cells.map(\.accuracy)
    #expect(accuracies[0] > 0.6 && accuracies[1] > 0.6, "\(accuracies)")
    #expect(accuracies[4] < accuracies[0] && accuracies[5] < accuracies[1], "\(accuracies)")
    #expect(accuracies[4] < accuracies[5], "\(accuracies)")
  }
}
