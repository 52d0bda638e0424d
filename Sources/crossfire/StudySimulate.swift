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
  var participants: Number?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The probability of naming the target first, for all models or as MODEL=P.",
      valueName: "p or model=p"))
  var fooled: [String]

  @Option(help: ArgumentHelp("The probability of answering 'none of them'.", valueName: "p"))
  var none = Number(0.1)

  @Option(
    help: ArgumentHelp(
      "The probability of naming the target second after another label.", valueName: "p"))
  var second = Number(0.2)

  @Option(help: ArgumentHelp("The seed of the simulation.", valueName: "n"))
  var seed = Number(1)

  @Option(
    help: ArgumentHelp(
      "The folder to write. (default: simulated in the study's folder)", valueName: "dir"))
  var out: String?

  @OptionGroup var output: OutputOptions

  func run() throws {
    let (seed, chances) = (try seed.seed(), try chances())
    let wanted = try participants?.whole("--participants", in: 1...2_000)
    let simulation = try StudySimulation(study.folder)
    let count = try Number(wanted ?? simulation.participants).whole("--participants", in: 1...2_000)
    let behaviours = try behaviours(simulation.models, chances)
    let place = out.map { URL(filePath: $0) } ?? study.folder.url.appending(path: "simulated")
    let progress = output.progress
    progress.begin("simulate answers", total: count * simulation.questions, unit: "answers")
    let export = try waiting {
      try await simulation.run(participants: count, behaviours: behaviours, seed: seed, to: place) {
        progress.update($0)
      }
    }
    progress.end(nil)
    try output.show(export, "\(place.path): \(export.summary)")
  }

  /// The behaviours that the options give, from words such as `0.02` (all models, whose name is
  /// nil here) and `normal=0.02`, which may be separated by commas too.
  /// - Throws: `Failure.usage` if a number is not a probability.
  private func chances() throws -> [(model: String?, behaviour: SimulatedBehaviour)] {
    let none = try none.real("--none", in: 0...1)
    let second = try second.real("--second", in: 0...1)
    let words = fooled.map(Number.init(argument:)).separated.map(\.text)
    return try words.map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      let option = parts.count == 2 ? "--fooled \(parts[0])=" : "--fooled"
      let fooled = try Number(argument: parts.last ?? "").real(option, in: 0...1)
      return (
        parts.count == 2 ? parts[0] : nil,
        try SimulatedBehaviour(fooled: fooled, none: none, second: second)
      )
    }
  }

  /// The behaviour for the pictures of each model.
  /// - Throws: `Failure.usage` for an unknown model, and for a model without a probability.
  private func behaviours(
    _ models: [String], _ chances: [(model: String?, behaviour: SimulatedBehaviour)]
  ) throws -> [String: SimulatedBehaviour] {
    var behaviours: [String: SimulatedBehaviour] = [:]
    for (name, behaviour) in chances {
      guard let name else {
        for model in models { behaviours[model] = behaviour }
        continue
      }
      guard models.contains(name) else {
        throw Failure.usage(
          "--fooled \(name)=…: the study shows no pictures of a model '\(name)'",
          hint: hint(for: name, among: models))
      }
      behaviours[name] = behaviour
    }
    if let missing = models.first(where: { behaviours[$0] == nil }) {
      throw Failure.usage(
        "--fooled gives no probability for the model '\(missing)'",
        hint: "the study's models: " + models.joined(separator: ", "))
    }
    return behaviours
  }
}
