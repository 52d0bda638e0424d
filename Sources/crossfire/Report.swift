import ArgumentParser
import Foundation
import Reports
import Support

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a run folder's report again from its stored results.",
    discussion: """
      EXAMPLE
        crossfire report results
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "dir"), completion: .directory)
  var folder: String

  func run() throws {
    try Console.write(try ReportFolder.write(ofRun: URL(filePath: folder)).path)
  }
}
