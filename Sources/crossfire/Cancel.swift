import ArgumentParser
import Cluster
import Foundation
import Support

struct Cancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End the jobs that crossfire submit has submitted.",
    discussion: """
      Ends all jobs of the run folder that wait or run. Results that are finished are kept,
      and crossfire submit continues from them.

      EXAMPLES
        crossfire cancel results
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "dir"), completion: .directory)
  var folder: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let cancellation = try Cancellation(of: URL(filePath: folder))
    try output.show(cancellation, cancellation.text)
  }
}

extension Cancellation {
  fileprivate var text: String {
    guard !jobs.isEmpty else { return "no job waits or runs" }
    return jobs.map {
      "cancelled job \($0.id): \($0.group.rawValue), \($0.tasks) task\($0.tasks == 1 ? "" : "s")"
    }.joined(separator: "\n")
  }
}
