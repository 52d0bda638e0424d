import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import HumanStudy

@Suite("The texts of a study")
struct StudyTextsTests {
  @Test(
    "every language that a design may name is built in and complete",
    arguments: StudyDesign.languages)
  func shipped(_ language: String) throws {
    let texts = try StudyTexts(language)
    #expect(texts["language"] == language)
    #expect(Set(texts.page.keys) == Set(StudyTexts.english.page.keys) && !texts.page.isEmpty)
    let progress = texts["page.progress", ["number": "3", "count": "12"]]
    #expect(progress.contains("3") && progress.contains("12") && !progress.contains("{"))
    for question in StudyDesign.demographicQuestions {
      #expect(texts.demographic(question).choices.count >= 2)
    }
    let design = try SampleSets.design("{ attack: jsma, participants: 2 }")
    let instructions = texts.instructions(design, classes: ["cat", "dog"])
    #expect(instructions.contains("cat, dog") && !instructions.contains("{"))
    #expect(texts["consent"].split(separator: "\n\n").count == 4)
  }

  @Test(
    "a shipped language has the same names in braces as English", arguments: StudyDesign.languages)
  func asFile(_ language: String) throws {
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(
        path: "Sources/HumanStudy/Languages/\(language).txt")
    #expect(try StudyTexts(source.path).page == StudyTexts(language).page)
  }

  @Test("a file of texts with a mistake is refused with its place")
  func mistakes() throws {
    let english = String(decoding: PackageResources.en_txt, as: UTF8.self)
    let temporary = TemporaryFolder()
    let place = temporary.appending("xx.txt")
    for (old, new, message) in [
      ("page.start: Start", "", "the text 'page.start' is missing"),
      ("page.start: Start", "page.start: Start\npage.sart: Start", "unknown text 'page.sart'"),
      ("page.start: Start", "page.start: Start {x}", "expected no name in braces, found {x}"),
      ("page.start: Start", "Start", "expected a text, such as"),
      ("page.start: Start", "page.start: A\npage.start: B", "'page.start' occurs twice"),
    ] {
      let text = "\n" + english
      try Data(text.replacing("\n\(old)\n", with: "\n\(new)\n").utf8).write(to: place)
      let failure = #expect(throws: Failure.self) { try StudyTexts(place.path) }
      #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    }
  }
}
