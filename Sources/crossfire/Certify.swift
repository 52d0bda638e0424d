import ArgumentParser
import Certificates
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

struct Certify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prove how robust models are: certified accuracy against the size of perturbations.",
    discussion: """
      An image is certified for a size if no perturbation up to that size changes its
      class. The certified accuracy is a lower bound of the accuracy under every
      attack. 'crossfire list certificates' shows the methods: 'interval',
      'crown-ibp' and 'crown' bound the logits of networks, and 'smoothing' works
      with any classifier, but is about its smoothed form.

      With --mask nuisance, only what the masks of the data mark may change: a
      certified image has a class that does not depend on it.

      EXAMPLES
        crossfire certify --model adv.safetensors --data mnist --count 100 \\
          --certificate crown --epsilon 0.01 0.02 0.05
        crossfire certify --model noisy.safetensors --data mnist --count 500 \\
          --certificate smoothing:sigma=0.25,n=1000 --epsilon 0 0.25 0.5
      """)

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp(modelsHelp, valueName: "model"),
    completion: .file())
  var model: [String]

  @Option(
    help: "The data set: a name or a path. Its test images are used unless :train follows.",
    completion: .file())
  var data: String

  @OptionGroup var choice: ImageChoice

  @Option(
    help: ArgumentHelp(
      "The method: NAME, or NAME:setting=value,…; 'crossfire list certificates' shows them all.",
      valueName: "certificate"), completion: .list(CertificateRegistry.names))
  var certificate: String

  @Option(
    name: [.long, .customLong("eps")], parsing: .upToNextOption,
    help: "The sizes of perturbations in the unit of the data: 0.01 0.02 8/255.")
  var epsilon: [Number]

  @Option(
    help: ArgumentHelp(
      "The part of each example that may change: nuisance (its mask is 1) or core (0). (default: "
        + "all of it)"), completion: .list(["nuisance", "core"]))
  var mask: String?

  @Option(help: "The seed that all random numbers derive from.")
  var seed = Number(1)

  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    let cells: [CertifiedCell]
    let models: [CertifiedModel]
  }

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let plan = try asUsage { try self.plan() }
    let evaluator = try engine.evaluator()
    let named = try NamedModel.all(model)
    let images = try output.load(DataReference(data), .test).chosen(
      first: chosen.count, sample: chosen.sample, seed: seed
    ) { output.progress.note($0) }
    try plan.checkMasks(of: images)
    let progress = output.progress
    let certified = try named.map { model in
      let contestant = Contestant(
        name: model.name, try architecture.load(model, for: images, device: device))
      try contestant.classifier.checkAccepts(images, model: model.name)
      do { try plan.check(contestant.classifier) } catch let failure as Failure {
        throw Failure(
          failure.kind, "\(plan.name) of \(model.name): \(failure.message)", hint: failure.hint)
      }
      progress.begin("\(plan.name) of \(model.name)", total: images.count, unit: "images")
      defer { progress.end(nil) }
      return try CertifiedModel(
        of: contestant, by: plan, on: images, seed: seed.derive("certify"), evaluator: evaluator,
        watching: {
          try Interruption.stopIfRequested()
          progress.update($0)
        })
    }
    try output.show(
      Report(cells: certified.flatMap { $0.cells() }, models: certified), table(certified))
  }

  private func plan() throws -> CertificatePlan {
    let parts = certificate.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first else {
      throw Failure.usage(
        "--certificate: expected the name of a certificate, found nothing",
        hint: "known certificates: " + CertificateRegistry.names.joined(separator: ", "))
    }
    let place = "--certificate \(certificate)"
    var entries = try options(
      parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : [], place)
    for name in ["count", "mask", "epsilon", "epsilons"]
    where entries.contains(where: { $0.name == name }) {
      throw Failure.usage(
        "\(place): '\(name)' is an option of its own",
        hint: "write --\(name == "epsilons" ? "epsilon" : name)")
    }
    let sizes = try budgets(epsilon).map { SettingValue.scalar("\($0)") }
    entries.append(.init(name: "epsilons", value: .list(sizes), place: "--epsilon"))
    if let mask { entries.append(.init(name: "mask", value: .scalar(mask), place: "--mask")) }
    return try CertificatePlan(name: name, Settings(entries, place: place))
  }

  private func table(_ certified: [CertifiedModel]) -> String {
    var table = TextTable([
      "model", "epsilon", "images", "classified right", "certified", "95 % interval",
    ])
    for model in certified {
      let right = zip(model.labels, model.images).count { $0 == $1.prediction }
      for cell in model.cells() {
        table.add([
          model.model, cell.epsilon.plainDecimal, "\(cell.images)",
          (Double(right) / Double(max(1, cell.images))).percent, cell.accuracy.percent,
          cell.interval.percent,
        ])
      }
    }
    return table.text + notes(certified)
  }

  /// What the table does not say.
  private func notes(_ certified: [CertifiedModel]) -> String {
    guard let first = certified.first, first.isAboutSmoothed else { return "" }
    let abstained = certified.map { model in
      "\(model.model): \(model.images.count { $0.prediction == nil })"
    }
    return "\n\nThese are certificates of the smoothed classifier, in \(first.norm.symbol). "
      + "Images without an answer: " + abstained.joined(separator: ", ") + "."
  }
}
