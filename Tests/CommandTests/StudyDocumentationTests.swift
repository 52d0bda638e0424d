import Evaluation
import Foundation
import Support
import Testing

@testable import HumanStudy
@testable import StudyServer

@Suite("The pages on human studies agree with the code")
struct StudyDocumentationTests {
  private let studies = "docs/human-study.md"
  private let serving = "docs/study-server.md"

  @Test("the table of commands has every command of crossfire study and no other")
  func commands() throws {
    let listed = try Documentation.names(inTableOf: studies, columns: "Command | What it does")
    let existing = try CommandHelp().commands.filter { $0.hasPrefix("study ") }
    #expect(Set(listed) == Set(existing.map { "crossfire \($0)" }))
    #expect(listed.count == existing.count)
  }

  @Test("the table of settings has every setting of a design with its default, and no other")
  func settings() throws {
    let settings = try Settings.yaml("{ attack: fgsm, participants: 8 }", file: "study.yaml")
    _ = try StudyDesign(settings)
    let rows = try Documentation.table(of: studies, columns: "Setting | Default")
    let listed = rows.flatMap { Documentation.codeSpans(in: $0[0]) }
    #expect(Set(listed) == Set(settings.questions.map(\.name) + ["attacks"]))
    #expect(listed.count == Set(listed).count)
    for question in settings.questions {
      // The defaults of these two depend on other values.
      guard let fallback = question.fallback, !["seed", "spares"].contains(question.name) else {
        continue
      }
      let row = rows.first { Documentation.codeSpans(in: $0[0]).contains(question.name) }
      #expect(row?[1] == "`\(fallback)`", "\(question.name)")
    }
  }

  @Test("the example of a design is accepted")
  func example() throws {
    let blocks = try Documentation.codeBlocks("yaml", in: studies)
    #expect(blocks.count == 1)
    for block in blocks {
      let whole = try Settings.yaml(block, file: studies)
      _ = try StudyDesign(try #require(try whole.map("study", "the design")))
    }
  }

  @Test("the table of files has every file of a study and no other")
  func files() throws {
    let listed = try Documentation.names(inTableOf: studies, columns: "File | Content")
    let folder = StudyFolder(URL(filePath: "/study"))
    let existing = [
      folder.study, folder.trials, folder.images, folder.sheets, folder.key, folder.predictions,
      folder.sheetKey, folder.design, folder.database, folder.answers, folder.undone,
      folder.participants, folder.sessions, folder.demographics, folder.dataset,
      folder.results, folder.resultsTable, folder.comparisonTable, folder.resultsText,
    ].map(\.lastPathComponent)
    let names = listed.map { $0.replacing("/", with: "") }
    #expect(Set(names) == Set(existing + ["model-vs-human"]))
    #expect(names.count == existing.count + 1)
  }

  @Test("the tables of columns have the columns that are written")
  func columns() throws {
    let expected = [
      "trials.csv": Trial.columns, "key.csv": Stimulus.columns,
      "predictions.csv": ModelAnswer.columns, "sheets.csv": StudyFolder.sheetColumns,
      "answers.csv": Answer.columns, "undone.csv": StudyFolder.undoneColumns,
      "participants.csv": ParticipantRecord.columns, "sessions.csv": SessionRecord.columns,
      "demographics.csv": DemographicAnswer.columns,
      "results.csv": StudyResults.csvColumns, "comparisons.csv": StudyResults.comparisonColumns,
      "model-vs-human/": StudyScore.modelVersusHumanColumns,
    ]
    #expect(try columns(in: studies) == expected.mapValues { $0.joined(separator: ",") })
    let exported = [
      "completion.csv": StudyDatabase.completionColumns,
      "comments.csv": StudyDatabase.commentColumns, "events.csv": StudyDatabase.eventColumns,
    ]
    #expect(try columns(in: serving) == exported.mapValues { $0.joined(separator: ",") })
  }

  /// The columns by tables, as a page's table "Table | Columns" has them in backticks.
  private func columns(in page: String) throws -> [String: String] {
    let rows = try Documentation.table(of: page, columns: "Table | Columns")
    let pairs = rows.compactMap { row -> (String, String)? in
      guard let columns = Documentation.codeSpans(in: row[1]).first else { return nil }
      return (Documentation.codeSpans(in: row[0]).joined(), columns)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  @Test("the values of columns are those that are written")
  func values() throws {
    for (page, column, values) in [
      (studies, "phase", Phase.allCases.map(\.rawValue)),
      (studies, "kind", Stimulus.Kind.allCases.map(\.rawValue)),
      (studies, "ended_on", Answer.Ending.allCases.map(\.rawValue)),
      (studies, "status", ParticipantRecord.Status.allCases.map(\.rawValue)),
      (studies, "measure", Measure.allCases.map(\.rawValue)),
      (serving, "event", PageMessage.Event.Kind.allCases.map(\.rawValue)),
    ] {
      let lines = try Documentation.text(page).split(separator: "\n")
      let line = try #require(lines.first { $0.hasPrefix("- `\(column)` is ") }, "\(column)")
      let listed = Documentation.codeSpans(in: String(line)).dropFirst()
      #expect(Set(listed) == Set(values), "\(column)")
    }
    let text = try Documentation.text(serving)
    for name in ExternalIdentity.names { #expect(text.contains("`\(name)`"), "\(name)") }
  }

  @Test("the table of bounds has the bounds of the server")
  func bounds() throws {
    let (limits, rates) = (HTTPServer.Limits(), StudyService.Rates())
    let expected = [
      "open connections": [limits.connections],
      "head of a request": [limits.request.head, limits.request.fields, limits.request.target],
      "body of a request": [limits.request.body],
      "time for a complete request": [Int(limits.requestTime.components.seconds)],
      "time that a connection may be idle": [Int(limits.idleTime.components.seconds)],
      "requests of a participant": [rates.participantBurst, Int(rates.participantPerSecond)],
      "new participants from one network address": [rates.newBurst, Int(rates.newPerSecond)],
      "participants": [StudyDatabase.capacity],
      "events of a participant": [StudyDatabase.eventCapacity],
      "undos of one question": [StudyDatabase.undoCapacity],
      "length of a comment": [PageMessage.commentLimit],
    ]
    let rows = try Documentation.table(of: serving, columns: "What | Bound")
    let listed = rows.map { row in
      (row[0], row[1].matches(of: /[0-9][0-9,]*/).compactMap { Int($0.0.replacing(",", with: "")) })
    }
    #expect(Dictionary(uniqueKeysWithValues: listed) == expected)
    let minutes = Int(StudyServer.Options().patience)
    let text = try Documentation.text(serving)
    #expect(text.contains("within the last \(minutes) minutes (`--patience`)"))
  }
}
