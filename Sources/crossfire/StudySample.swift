import ArgumentParser
import Evaluation
import Foundation
import HumanStudy
import ModelCore
import Support

struct StudySample: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw a human study from stored adversarial examples.",
    discussion: """
      Takes a run folder or example files, and writes the folder of a study: the
      pictures, a list of trials for each participant, and the key.

      Without --design and without a study in the run's experiment, the design is
      that of A. Ross, "Training Machine Learning Models by Regularizing their
      Explanations" (2018), with controls. It uses the examples that fool their model, made from
      the first five test images of each class. Each participant sees one picture
      of each class and model, and as many pictures of two control conditions: the
      images without any change, and with random noise of the same size. Four more
      unchanged pictures check attention. Whether an example fools its model is checked on the
      picture that is shown, which has 8 bits a channel.

      The files that the page uses (study.json, trials.csv, images/ and sheets/) do
      not tell what a picture is. The file key.csv does, and it is never served.

      EXAMPLES
        crossfire study sample results --attack jsma --participants 12
        crossfire study sample results --design study.yaml
        crossfire study sample jsma.a.safetensors jsma.b.safetensors \\
          --attack jsma --participants 12 --out study
      """)

  @Argument(
    help: ArgumentHelp("A run folder or example files.", valueName: "run folder or examples"))
  var paths: [String]

  @Option(
    help: ArgumentHelp(
      "A file with the design, in the form of an experiment's 'study'.", valueName: "yaml"),
    completion: .file(extensions: ["yaml"]))
  var design: String?

  @Option(parsing: .upToNextOption, help: "The attacks whose examples are shown.")
  var attack: [String] = []

  @Option(parsing: .upToNextOption, help: "The models whose examples are shown. (default: all)")
  var model: [String] = []

  @Option(help: ArgumentHelp("The number of participants wanted.", valueName: "n"))
  var participants: Number?

  @Option(help: ArgumentHelp("The seed of the lists and their orders.", valueName: "n"))
  var seed: Number?

  @Option(
    help: ArgumentHelp(
      "The folder to write. (default: study in the run folder)", valueName: "dir"))
  var out: String?

  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    _ = (try participants?.whole("--participants", in: 1...100_000), try seed?.seed())
    var isFolder: ObjCBool = false
    let first = URL(filePath: paths[0])
    let isRun =
      FileManager.default.fileExists(atPath: first.path, isDirectory: &isFolder)
      && isFolder.boolValue
    guard !isRun || paths.count == 1 else {
      throw Failure.usage("expected one run folder or example files, found a run folder and more")
    }
    guard isRun || out != nil else {
      throw Failure.usage(
        "--out is missing", hint: "example files need --out, the folder to write the study to")
    }
    let files = isRun ? RunFolder.exampleSets(in: first) : paths.map { URL(filePath: $0) }
    guard !files.isEmpty else {
      throw Failure.missing(
        "\(first.path) has no stored examples",
        hint: "add 'study' or 'images' with the attack to the experiment and run it again")
    }
    let sets = try files.map { try ExampleSet($0) }
    let design = try self.design(isRun ? first : nil, sets)
    let models = isRun ? Self.models(of: sets, in: first, device) : []
    let folder = StudyFolder(URL(filePath: out ?? first.appending(path: "study").path))
    let outcome = try StudySampler(design, sets: sets, models: models).sample(
      into: folder, progress: output.progress)
    try output.show(outcome, outcome.text)
  }

  /// The design from the file, else from the run's experiment, else the default one. Options of the
  /// command replace its settings.
  private func design(_ run: URL?, _ sets: [ExampleSet]) throws -> StudyDesign {
    var entries: [Settings.Entry] = []
    if let design {
      entries = try Settings.yaml(URL(filePath: design)).entries
    } else if let run, let study = try? Experiment(run.appending(path: "experiment.yaml")).study {
      entries = try Settings.yaml(study.resolved(), file: "experiment.yaml").entries
    }
    func replace(_ names: [String], _ name: String, _ value: SettingValue) {
      entries.removeAll { names.contains($0.name) }
      entries.append(
        .init(name: name, value: value, place: "--\(name == "attacks" ? "attack" : name)"))
    }
    if !attack.isEmpty {
      replace(["attack", "attacks"], "attacks", .list(attack.map(SettingValue.scalar)))
    }
    if !model.isEmpty { replace(["models"], "models", .list(model.map(SettingValue.scalar))) }
    if let participants {
      replace(["participants", "spares"], "participants", .scalar(participants.text))
    }
    if let seed { replace(["seed"], "seed", .scalar(seed.text)) }
    // If all examples are of one attack, the attack need not be named.
    let attacks = Set(sets.map(\.origin.attack))
    if !entries.contains(where: { ["attack", "attacks"].contains($0.name) }), attacks.count == 1 {
      replace([], "attacks", .list(attacks.map(SettingValue.scalar)))
    }
    let settings = try Settings(entries, place: design ?? "the study's design")
    return design == nil ? try asUsage { try StudyDesign(settings) } : try StudyDesign(settings)
  }

  /// The source models of the examples, as far as the run folder still has the same model files.
  private static func models(of sets: [ExampleSet], in run: URL, _ device: Device) -> [Contestant] {
    var seen: Set<String> = []
    return sets.map(\.origin).compactMap { origin in
      guard seen.insert(origin.source).inserted,
        let network = try? ModelFile(RunFolder.model(origin.source, in: run), device: device)
          .network,
        network.fingerprint == origin.sourceFingerprint
      else { return nil }
      return try? Contestant(name: origin.source, network)
    }
  }
}

extension StudySampler.Outcome {
  /// What was sampled, as text for a terminal.
  var text: String {
    var table = TextTable(["condition", "fooling as stored", "examples", "in the lists"])
    for pool in conditions {
      table.add([pool.condition.name, "\(pool.fooling)", "\(pool.examined)", "\(pool.shown)"])
    }
    for (name, shown) in [("clean control", cleanControls), ("noise control", noiseControls)]
    where shown > 0 {
      table.add([name, "–", "–", "\(shown)"])
    }
    let unasked =
      self.unasked.isEmpty
      ? ""
      : "\nThe model file is missing, so the stored pictures were not classified again: "
        + self.unasked.joined(separator: ", ")
    return table.text + unasked
      + "\n\n\(folder): \(slots) lists of \(trialsEach) trials for \(participants) participants, "
      + "\(pictures) pictures"
  }
}
