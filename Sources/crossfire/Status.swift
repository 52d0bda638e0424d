import ArgumentParser
import Cluster
import Evaluation
import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how far the steps in a run folder are, and what has failed.",
    discussion: """
      Counts the steps that are done, run, wait or have failed, whether tasks of Slurm do
      them (crossfire submit) or processes that share the folder (crossfire run). The time
      that is left follows from the times of the steps that are done. Only files of the
      folder and one call of squeue are needed.

      EXAMPLES
        crossfire status results
        crossfire status results --watch && crossfire report results
        crossfire status results --json
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "dir"), completion: .directory)
  var folder: String

  @OptionGroup var division: PartsOption

  @Flag(help: "Show it again every few seconds, until all steps are done or have failed.")
  var watch = false

  @OptionGroup var output: OutputOptions

  /// The seconds between two looks.
  private static let pause: UInt32 = 5

  func validate() throws {
    if watch, output.json {
      throw ValidationError("--watch is for people and --json for programs; give one of them.")
    }
  }

  func run() throws {
    guard watch else {
      let status = try FolderStatus(of: URL(filePath: folder), parts: division.count)
      return try output.show(status, status.text)
    }
    var folderWatch = FolderWatch(URL(filePath: folder), parts: try division.count)
    var shown = ""
    while true {
      guard let status = try folderWatch.look() else {
        // Slurm's controller is busy or is started again.
        sleep(Self.pause)
        continue
      }
      if isatty(1) == 1 {
        // Back to the upper left corner, and remove what is below.
        try Console.write("\u{1B}[H\u{1B}[2J" + status.text)
      } else if status.text != shown {
        try Console.write((shown.isEmpty ? "" : "\n") + status.text)
      }
      shown = status.text
      if status.isOver { return try finish(status) }
      sleep(Self.pause)
    }
  }

  private func finish(_ status: FolderStatus) throws {
    let total = status.total
    guard total.undone > 0 else { return }
    throw Failure(
      .failed,
      "\(total.undone) of \(total.steps) steps are not done; \(total.failed) failed, and no job waits "
        + "or runs any more", hint: "crossfire submit does them again")
  }
}

extension FolderStatus {
  /// Whether nothing more happens: all steps are done, or jobs were submitted of which none waits or
  /// runs any more.
  fileprivate var isOver: Bool { total.undone == 0 || isSubmitted && !isAtWork && notices.isEmpty }
}
