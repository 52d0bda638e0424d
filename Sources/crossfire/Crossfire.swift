import ArgumentParser
import Foundation
import ModelCore
import Support

/// The command `crossfire`. Every subcommand has a file of its own; options that several of them
/// share are in `Options.swift`.
@main
struct Crossfire: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossfire",
    abstract: "Evaluate the adversarial robustness of image classifiers.",
    discussion: """
      Crossfire trains defended models, attacks each of them, shows every model's
      adversarial examples to every other model, and writes white-box and black-box
      accuracy grids, the adversarial images and a report.

      EXAMPLES
        crossfire run Experiments/quick.yaml --out results
        crossfire train --data mnist --epochs 4 --out normal.safetensors
        crossfire transfer --model a=a.safetensors b=b.safetensors --data mnist \\
          --attack fgsm --epsilon 0 0.1 0.2 --out results
      """,
    version: "crossfire \(crossfireVersion) (libtorch \(Engine.version))",
    subcommands: [
      Run.self, Plan.self, Submit.self, Status.self, Cancel.self, Train.self, Tune.self,
      Evaluate.self,
      Explain.self, Attack.self, Transfer.self, Certify.self, Export.self, Frames.self, Report.self,
      Compare.self,
      StudyCommand.self, DataCommand.self,
      Inspect.self, List.self,
    ])

  static func main() {
    Console.reserveDescriptors()
    Interruption.install()
    do {
      try start()
    } catch let failure as Failure {
      Console.report("crossfire: \(failure)\n")
      Foundation.exit(failure.kind.rawValue)
    } catch is Console.ReaderGone {
      // Nobody reads the result, and the reader of a pipe that ended knows why it did.
      Foundation.exit(Failure.Kind.cannotWrite.rawValue)
    } catch {
      Console.report("crossfire: " + fullMessage(for: error).withoutPrefix("Error: ") + "\n")
      Foundation.exit(exitCode(for: error).rawValue)
    }
  }

  /// Parses the arguments and runs the command. Help and the version are results, too.
  private static func start() throws {
    let arguments = CommandLine.arguments.dropFirst().map(Number.argument)
    try CommandWords.check(arguments, of: Crossfire.self)
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let error where exitCode(for: error).isSuccess {
      try Console.write(fullMessage(for: error))
    }
  }
}

extension String {
  /// The text without a prefix that it may have.
  fileprivate func withoutPrefix(_ prefix: String) -> Substring {
    hasPrefix(prefix) ? dropFirst(prefix.count) : self[...]
  }
}
