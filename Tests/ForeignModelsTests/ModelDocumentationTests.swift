import Foundation
import ModelCore
import Support
import Testing

@testable import ForeignModels

@Suite("docs/models.md and docs/security.md agree with the code")
struct ModelDocumentationTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The rows of the table whose first column has this title, each as the texts of its cells.
  private func rows(_ title: String, in path: String = "docs/models.md") throws -> [[String]] {
    let lines = try Self.text(path).split(separator: "\n", omittingEmptySubsequences: false)
    let header = try #require(lines.firstIndex { $0.hasPrefix("| \(title) |") })
    // The line after the header separates it from the rows.
    return lines[(header + 2)...].prefix { $0.hasPrefix("|") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// The texts in backticks.
  private func code(_ text: String) -> [String] {
    text.matches(of: /`([^`\n]+)`/).map { String($0.1) }
  }

  @Test("the table of files has every kind that is read and no other")
  func kinds() throws {
    #expect(try rows("Kind").map { $0[0] } == ModelFileKind.allCases.map(\.rawValue))
  }

  @Test("the table of settings has every setting of the notes and no other")
  func settings() throws {
    #expect(try rows("Setting").flatMap { code($0[0]) } == ModelNotes.names)
  }

  @Test("the notes ask for every setting in the table, and for no other")
  func questions() throws {
    let settings = Settings.none()
    _ = try ModelNotes(settings)
    #expect(Set(settings.questions.map(\.name)) == Set(ModelNotes.names))
  }

  @Test("the words for channels and layouts are in the table")
  func words() throws {
    let rows = try rows("Setting")
    func meaning(_ name: String) throws -> [String] {
      code(try #require(rows.first { $0[0] == "`\(name)`" })[1])
    }
    #expect(try meaning("channels") == ModelNotes.Channels.allCases.map(\.rawValue))
    #expect(try meaning("layout") == ModelNotes.Layout.allCases.map(\.rawValue))
  }

  @Test("the table of ONNX operators has every supported operator and no other")
  func operators() throws {
    let listed = try rows("Purpose").flatMap { code($0[1]) }
    #expect(Set(listed) == Set(OnnxOperators.all.keys))
    #expect(listed.count == OnnxOperators.all.count)
  }

  @Test("the keys and prefixes that are removed are listed")
  func wrappers() throws {
    let spans = Set(code(try Self.text("docs/models.md")))
    #expect(spans.isSuperset(of: Checkpoint.wrappers))
    #expect(spans.isSuperset(of: Wrappers.prefixes))
  }

  @Test("the table of published names has every architecture with such names, and its size")
  func architectures() throws {
    let photographs = try rows("Architecture for photographs").flatMap { code($0[0]) }
    var sizes: [String: Int] = [:]
    for architecture in Architecture.all where !photographs.contains(architecture.name) {
      let isGrey = ["lenet5", "lenet-caffe"].contains(architecture.name)
      let input =
        isGrey
        ? InputShape(channels: 1, height: 28, width: 28)
        : InputShape(channels: 3, height: 32, width: 32)
      let description = try architecture.description(
        input: input, classNames: (0..<10).map(String.init))
      guard !architecture.conventions.isEmpty else { continue }
      sizes[architecture.name] = try description.parameters().filter(\.isLearned).reduce(0) {
        $0 + $1.shape.reduce(1, *)
      }
    }
    let rows = try rows("Architecture")
    #expect(Set(rows.flatMap { code($0[0]) }) == Set(sizes.keys))
    for row in rows {
      let size = try #require(sizes[code(row[0]).first ?? ""])
      if row[1].hasSuffix(" M") {
        let millions = try #require(Double(row[1].dropLast(2)))
        #expect(abs(millions - Double(size) / 1e6) <= 0.005, "\(row)")
      } else {
        #expect(Int(row[1].replacing(",", with: "")) == size, "\(row)")
      }
    }
  }

  @Test("the table of architectures for photographs has their numbers of parameters")
  func photographs() throws {
    for row in try rows("Architecture for photographs") {
      let architecture = try Architecture.named(#require(code(row[0]).first))
      let description = try architecture.description(
        input: InputShape(channels: 3, height: 224, width: 224),
        classNames: (0..<1000).map(String.init))
      let size = try description.parameters().filter(\.isLearned).reduce(0) {
        $0 + $1.shape.reduce(1, *)
      }
      #expect(!architecture.conventions.isEmpty)
      #expect(Int(row[1].replacing(",", with: "")) == size, "\(row)")
    }
  }

  @Test("a model folder may name an architecture for photographs by every name in the table")
  func names() throws {
    for row in try rows("Architecture for photographs") {
      let published = code(row[2])
      #expect(!published.isEmpty)
      for name in published {
        #expect(try PublishedModels.architecture(["architecture": name]) == code(row[0])[0])
      }
    }
  }

  @Test("the limits in docs/security.md are those of the readers")
  func limits() throws {
    let text = try Self.text("docs/security.md").split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    #expect(Pickle.mostBytes == 4 << 20 && text.contains("A pickle may have at most 4 MB"))
    #expect(OnnxCall.mostNumbers == 1 << 26 && text.contains("more than 2^26 (67 million) numbers"))
    #expect(OnnxFile.mostParts == 100_000 && text.contains("at most 100,000 parts"))
  }

  @Test("the tests that docs/security.md names exist")
  func tests() throws {
    let folder = Self.root.appending(path: "Tests")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix("Tests.swift") }
    let sources = try files.map {
      try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
    }.joined()
    let names = try rows("Danger", in: "docs/security.md").flatMap { code($0[1]) }
    #expect(!names.isEmpty)
    for name in names { #expect(sources.contains("\"\(name)\""), "\(name)") }
  }
}
