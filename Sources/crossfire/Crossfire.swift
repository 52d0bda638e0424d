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
