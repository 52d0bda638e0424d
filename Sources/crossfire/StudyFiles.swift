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
      Writes answers.csv, undone.csv, participants.csv, sessions.csv,
      demographics.csv, completion.csv, comments.csv and events.csv into the study's
      folder. All tables show the answers at the same moment. This also works while
      the study is being served.

      Also writes the folder psych-ds: the answers, joined with what each picture is,
      as a dataset of Psych-DS with a codebook. It has no identifiers of recruiting
      sites, no completion codes and no comments.

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
      participant the address of a list of their own: index.html?list=1, ?list=2,
      and so on. Answers stay in the participant's browser. At the end the page saves
      them as a file, which the participant sends to you. Add these files to the
      study with 'crossfire study collect'.

      EXAMPLE
        crossfire study page results/study --out page
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var out: String

  @Flag(help: "Try the study out: the answers are marked and not analysed.")
  var pilot = false

  @OptionGroup var output: OutputOptions

  private struct Written: Encodable {
    let folder: String
    let pictures: Int
  }

  func run() throws {
    let progress = output.progress
    let pictures = try study.folder.readStudy().stimuli.count
    progress.begin("write page", total: pictures, unit: "pictures")
    let written = try StaticPage.write(
      study.folder, to: URL(filePath: out), isPilot: pilot
    ) { progress.update($0) }
    progress.end(nil)
    try output.show(
      Written(folder: out, pictures: written),
      "wrote the page \(out)/index.html and \(written) pictures")
  }
}

struct StudyCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Add the answer files of a page without a server.",
    discussion: """
      Each file is checked and added completely or not at all. A file that was added
      before changes nothing. Afterwards the tables are written as 'crossfire study
      export' does.

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
      "added \(outcome.added) participants, \(outcome.known) had been added before; "
        + "in all \(tables.summary)")
  }
}

extension StudyExport {
  /// The counts in one line.
  var summary: String {
    "\(participants) participants (\(finished) finished, \(withdrawn) withdrew"
      + (pilots == 0 ? "" : ", \(pilots) of the pilot") + "), \(answers) answers"
  }
}
