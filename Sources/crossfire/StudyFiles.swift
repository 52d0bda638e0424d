import ArgumentParser
import Foundation
import HumanStudy
import StudyServer
import Support

struct StudyExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the stored answers as tables.",
    discussion: """
      Writes answers.csv, participants.csv, completion.csv, comments.csv and
      events.csv into the study's folder, all of one moment, also while the study is
      being served.

      EXAMPLE
        crossfire study export results/study
      """)

  @OptionGroup var study: StudyFolderArgument
  @OptionGroup var output: OutputOptions

  func run() throws {
    let export = try StudyServer.export(study.folder)
    try output.show(export, "\(study.study): \(export.summary)")
  }
}

struct StudyPageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page",
    abstract: "Write a study's page as files that need no server.",
    discussion: """
      Put the folder on any web space, or on a computer in a laboratory. Give each
      participant a number: index.html?list=1, ?list=2, and so on. Answers stay in
      their browser; in the end the page saves a file that they send to you, and
      'crossfire study collect' takes in.

      EXAMPLE
        crossfire study page results/study --out page
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var out: String

  @OptionGroup var output: OutputOptions

  private struct Written: Encodable {
    let folder: String
    let pictures: Int
  }

  func run() throws {
    let progress = output.progress
    let pictures = try study.folder.readStudy().stimuli.count
    progress.begin("write page", total: pictures, unit: "pictures")
    let written = try StaticPage.write(study.folder, to: URL(filePath: out)) { progress.update($0) }
    progress.end(nil)
    try output.show(
      Written(folder: out, pictures: written),
      "\(out)/index.html: the page, with \(written) pictures")
  }
}

struct StudyCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Take in the answer files of a page without a server.",
    discussion: """
      Each file is checked, and taken whole or not at all; one that is there already
      changes nothing. Afterwards the tables are written, as by 'study export'.

      EXAMPLE
        crossfire study collect results/study answers-*.json
      """)

  @OptionGroup var study: StudyFolderArgument

  @Argument(
    help: ArgumentHelp("Answer files.", valueName: "answers.json"),
    completion: .file(extensions: ["json"]))
  var files: [String]

  @OptionGroup var output: OutputOptions

  private struct Collected: Encodable {
    let added: Int
    let known: Int
    let tables: StudyExport
  }

  func run() throws {
    let progress = output.progress
    progress.begin("collect answers", total: files.count, unit: "files")
    let (folder, urls) = (study.folder, files.map { URL(filePath: $0) })
    let outcome = try waiting {
      try await AnswerCollector(folder).add(urls) { progress.update($0) }
    }
    progress.end(nil)
    let tables = try StudyServer.export(folder)
    try output.show(
      Collected(added: outcome.added, known: outcome.known, tables: tables),
      "\(outcome.added) participants added, \(outcome.known) were there already; \(tables.summary)")
  }
}

extension StudyExport {
  /// In a sentence.
  var summary: String {
    "\(participants) participants (\(finished) finished, \(withdrawn) withdrew), \(answers) answers"
  }
}
