import ArgumentParser
import Foundation
import HumanStudy
import StudyServer
import Support

struct StudySimulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Let simulated participants answer a study over HTTP.",
    discussion: """
      Tests a study from the server to the score, and shows which differences it can
      find. A simulated participant names the target of an adversarial picture with
      the probability --fooled, answers 'none of them' with the probability --none,
      and otherwise names the label that the image had before the attack.

      Simulated answers are written to a folder of their own and never mixed with
      the answers of people. Score that folder with 'crossfire study score'.

      EXAMPLES
        crossfire study simulate results/study --fooled 0.02
        crossfire study simulate results/study --participants 20 \\
          --fooled normal=0.02 gradreg=0.16 --out simulated
        crossfire study score simulated
      """)

  @OptionGroup var study: StudyFolderArgument

  @Option(
    help: ArgumentHelp(
      "The number of simulated participants. (default: as many as the study wants)",
      valueName: "n"))
  var participants: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The probability of naming the target first, for all models or as MODEL=P.",
      valueName: "p or model=p"))
  var fooled: [String]

  @Option(help: ArgumentHelp("The probability of answering 'none of them'.", valueName: "p"))
  var none = 0.1

  @Option(
    help: ArgumentHelp(
      "The probability of naming the target second after another label.", valueName: "p"))
  var second = 0.2

  @Option(help: ArgumentHelp("The seed of the simulation.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "The folder to write. (default: simulated in the study's folder)", valueName: "dir"))
  var out: String?

  @OptionGroup var output: OutputOptions

  func run() throws {
    let simulation = try StudySimulation(study.folder)
    let count = participants ?? simulation.participants
    guard (1...2_000).contains(count) else {
      throw Failure.usage("--participants \(count): expected a number from 1 to 2000")
    }
    let behaviours = try behaviours(simulation.models)
    let place = out.map { URL(filePath: $0) } ?? study.folder.url.appending(path: "simulated")
    let (progress, seed) = (output.progress, Seed(seed))
    progress.begin("simulate answers", total: count * simulation.questions, unit: "answers")
    let export = try waiting {
      try await simulation.run(participants: count, behaviours: behaviours, seed: seed, to: place) {
        progress.update($0)
      }
    }
    progress.end(nil)
    try output.show(export, "\(place.path): \(export.summary)")
  }

  /// The behaviour of each model's pictures, from words such as `0.02` (all models) and
  /// `normal=0.02`, which may be separated by commas too.
  /// - Throws: `Failure.usage` if a word cannot be read or a model has no probability.
  private func behaviours(_ models: [String]) throws -> [String: SimulatedBehaviour] {
    var behaviours: [String: SimulatedBehaviour] = [:]
    for word in fooled.flatMap({ $0.split(separator: ",") }) {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard let probability = parts.last.flatMap(Double.init) else {
        throw Failure.usage("--fooled \(word): expected a probability, or MODEL=PROBABILITY")
      }
      let behaviour = try SimulatedBehaviour(fooled: probability, none: none, second: second)
      guard parts.count == 2 else {
        for model in models { behaviours[model] = behaviour }
        continue
      }
      guard models.contains(parts[0]) else {
        throw Failure.usage(
          "--fooled \(word): the study shows no pictures of a model '\(parts[0])'",
          hint: hint(for: parts[0], among: models))
      }
      behaviours[parts[0]] = behaviour
    }
    if let missing = models.first(where: { behaviours[$0] == nil }) {
      throw Failure.usage(
        "--fooled gives no probability for the model '\(missing)'",
        hint: "the study's models: " + models.joined(separator: ", "))
    }
    return behaviours
  }
}
