import Evaluation
import Foundation
import Support

/// The texts that participants read, in one language.
///
/// Two languages are built in: the files `en.txt` and `de.txt` of the folder `Languages`. Another
/// one is a file with the same keys.
public struct StudyTexts: Sendable {
  private let texts: [String: String]

  /// The English texts, which pages of earlier versions have too.
  public static let english = StudyTexts(shipped: PackageResources.en_txt)

  /// Reads the texts of a language.
  /// - Parameter language: `en`, `de`, or the path of a file.
  /// - Throws: `Failure.missing` if the file cannot be read, and what `TextFile` throws.
  init(_ language: String) throws {
    switch language {
    case "en": self = .english
    case "de": self = StudyTexts(shipped: PackageResources.de_txt)
    default:
      let data = try readFile(URL(filePath: language), limit: 1 << 20)
      let texts = try TextFile.read(String(decoding: data, as: UTF8.self), named: language)
      try Self.check(texts, file: language, against: Self.english.texts)
      self.texts = texts
    }
  }

  /// The texts of a study, or the English ones if it has none.
  public init(_ study: Study) {
    texts = Self.english.texts.merging(study.texts ?? [:]) { $1 }
  }

  private init(shipped bytes: [UInt8]) {
    texts = (try? TextFile.read(String(decoding: bytes, as: UTF8.self), named: "")) ?? [:]
  }

  /// The text of a key, with values in place of names in braces, such as `{count}`.
  /// - Precondition: `en.txt` has the key.
  public subscript(_ key: String, _ values: [String: String] = [:]) -> String {
    values.reduce(texts[key] ?? key) { $0.replacing("{\($1.key)}", with: $1.value) }
  }

  /// The texts that the page needs, by their keys: those of its buttons and messages.
  public var page: [String: String] {
    texts.filter { key, _ in key.hasPrefix("page.") || key.hasPrefix("refused.") }
  }

  // MARK: The texts of a design

  func instructions(_ design: StudyDesign, classes: [String]) -> String {
    if let own = design.instructions { return own }
    var paragraphs = [
      self["instructions.task"]
        + (design.secondChoice ? " " + self["instructions.second"] : "") + " "
        + self["instructions.none", ["none": self["none"]]],
      self["instructions.labels", ["labels": classes.joined(separator: ", ")]],
    ]
    if design.practice > 0 { paragraphs.append(self["instructions.practice"]) }
    return paragraphs.joined(separator: "\n\n")
  }

  func questions(_ design: StudyDesign) -> [String] {
    [self["question.first"]] + (design.secondChoice ? [self["question.second"]] : [])
  }

  func demographic(_ name: String) -> Study.Demographic {
    Study.Demographic(
      name: name, question: self["demographic.\(name)"],
      choices: self["demographic.\(name).choices"].split(separator: "|").map {
        $0.trimmingCharacters(in: .whitespaces)
      })
  }

  // MARK: Checking

  /// Checks that texts have the same keys as others, and the same names in braces.
  private static func check(
    _ texts: [String: String], file: String, against expected: [String: String]
  ) throws {
    if let key = expected.keys.sorted().first(where: { texts[$0]?.isEmpty ?? true }) {
      throw Failure.badData(
        "\(file): the text '\(key)' is missing", hint: "in English it is: \(expected[key] ?? "")")
    }
    if let key = texts.keys.sorted().first(where: { expected[$0] == nil }) {
      throw Failure.badData(
        "\(file): unknown text '\(key)'", hint: hint(for: key, among: expected.keys.sorted()))
    }
    for (key, text) in texts.sorted(by: { $0.key < $1.key }) {
      let (found, wanted) = (names(in: text), names(in: expected[key] ?? ""))
      guard found == wanted else {
        let words = { (names: Set<String>) in
          names.isEmpty ? "no name in braces" : names.sorted().joined(separator: ", ")
        }
        throw Failure.badData(
          "\(file): \(key): expected \(words(wanted)), found \(words(found))")
      }
    }
  }

  private static func names(in text: String) -> Set<String> {
    Set(text.matches(of: /\{[a-z]+\}/).map { String($0.0) })
  }
}
