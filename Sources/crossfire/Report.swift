import ArgumentParser
import Evaluation
import Foundation
import Support

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a run folder's report again from its stored results.",
    discussion: """
      EXAMPLE
        crossfire report results
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "dir"))
  var folder: String

  func run() throws {
    let url = URL(filePath: folder)
    let grid = try Grid.read(url.appending(path: "grid.json"))
    print(try writeReport(of: url, grid).path)
  }
}
