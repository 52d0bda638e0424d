import ArgumentParser
import Evaluation
import Foundation
import Support

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what changed between runs of the same experiment.",
    discussion: """
      Compares every further run folder with the first one, image by image: the
      clean accuracy, the worst case over all attacks, the certified accuracy and
      the rank of each model, every cell, and the flags. A change counts as certain
      if the interval of the difference, paired by image, does not contain 0.

      The runs must have measured the same images. Models and attacks are matched
      by their names; attacks whose settings differ are left out, and so are models
      that only one run has.

      --fail-if states what must not happen, and sets the exit status: 0 if none of
      the conditions holds, 1 if one does, and another one if the runs cannot be
      compared. A condition is

        worst-case drops 2              by 2 points or more, for any model
        clean of normal drops 0.5       for the model 'normal'
        certified drops 1               the certified accuracy
        worst-group drops 1             the accuracy in the worst group
        new flags                       a flag that the first run does not have
        new flags of normal             one that concerns the model 'normal'

      EXAMPLES
        crossfire compare before after
        crossfire compare baseline nightly --fail-if 'worst-case drops 2' 'new flags'
        crossfire compare a b c --csv changes.csv
        crossfire compare a b --json
      """)

  @Argument(
    help: ArgumentHelp("The run folders, the one to compare with first.", valueName: "dir"),
    completion: .directory)
  var runs: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "End with the exit status 1 if one of these conditions holds.", valueName: "condition"))
  var failIf: [String] = []

  @Option(
    help: ArgumentHelp(
      "Write every accuracy, rank and flag that was compared as a table.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var csv: String?

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard runs.count >= 2 else {
      throw ValidationError("Give at least two run folders, the one to compare with first.")
    }
  }

  /// The result for programs.
  private struct Document: Encodable {
    let comparisons: [RunComparison]
    /// What fulfils a condition of `--fail-if`.
    let failures: [String]
  }

  func run() throws {
    let conditions = try failIf.map(FailCondition.init)
    if let csv { try existing.check(URL(filePath: csv)) }
    let stored = try runs.map { try StoredRun(URL(filePath: $0)) }
    let comparisons = try stored.dropFirst().map { try RunComparison(stored[0], $0) }
    let failures = try comparisons.flatMap { comparison in
      try conditions.flatMap { try $0.findings(in: comparison) }
    }
    if let csv { try AtomicFile.write(comparisons.csv(), to: URL(filePath: csv)) }
    try output.show(
      Document(comparisons: comparisons, failures: failures),
      comparisons.map(\.text).joined(separator: "\n\n"))
    guard failures.isEmpty else {
      throw Failure(.failed, failures.joined(separator: "\n"))
    }
  }
}
