import ArgumentParser
import Foundation
import ModelCore
import Support

/// The command `crossfire`: one file per subcommand, shared options in `Options.swift`.
@main
struct Crossfire: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossfire",
    abstract: "Find out what an image classifier's robustness is worth.",
    discussion: """
      Crossfire trains defended models, attacks them, fires every model's
      adversarial examples at every other model, and writes the accuracy grids, the
      pictures and the report.

      EXAMPLES
        crossfire run Experiments/quick.yaml --out results
        crossfire train --data mnist --epochs 4 --out normal.safetensors
        crossfire transfer --model a=a.safetensors b=b.safetensors --data mnist \\
          --attack fgsm --epsilon 0 0.1 0.2 --out results
      """,
    version: "crossfire \(crossfireVersion) (libtorch \(Engine.version))",
    subcommands: [
      Run.self, Train.self, Tune.self, Evaluate.self, Attack.self, Transfer.self, Export.self,
      Frames.self, Report.self,
      StudyCommand.self, DataCommand.self,
      Inspect.self, List.self,
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      FileHandle.standardError.write(Data("crossfire: \(failure)\n".utf8))
      Foundation.exit(failure.kind.rawValue)
    } catch {
      exit(withError: error)
    }
  }
}
