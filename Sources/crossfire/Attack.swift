import ArgumentParser
import Attacks
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

struct Attack: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Attack one model and store the adversarial examples.",
    discussion: """
      Prints the model's accuracy under the attack for every budget and writes the
      adversarial examples to a file. Trust checks test the model first, on at most
      256 images, and raise flags where the accuracy may be misleading. After an
      interruption the same command continues with the batch that was not finished.

      EXAMPLES
        crossfire attack --model normal.safetensors --data mnist --count 1000 \\
          --attack fgsm --epsilon 0.1 0.2 --out fgsm.safetensors
        crossfire attack --model normal.safetensors --data mnist \\
          --attack tgsm --target least-likely --epsilon 0.3 --out tgsm.safetensors
        crossfire attack --model normal.safetensors --data scans.npz \\
          --attack pgd --mask nuisance --epsilon 0.3 --out nuisance.safetensors
      """)

  @Option(help: ArgumentHelp(modelHelp, valueName: "model"), completion: .file())
  var model: String

  @Option(
    help:
      "The data set: a name or a path. Its test images are attacked unless :train follows.",
    completion: .file())
  var data: String

  @OptionGroup var choice: ImageChoice

  @Option(
    help: ArgumentHelp(
      "The attack: NAME, or NAME:setting=value,…; 'crossfire list attacks' shows them all.",
      valueName: "attack"), completion: .list(AttackRegistry.names))
  var attack: String

  @Option(
    name: [.long, .customLong("eps")], parsing: .upToNextOption, help: ArgumentHelp(budgetHelp))
  var epsilon: [Number]

  @Option(
    help: ArgumentHelp(targetHelp), completion: .list(["next", "random", "least-likely", "all"]))
  var target: String?

  @Option(help: ArgumentHelp(maskHelp), completion: .list(["nuisance", "core"]))
  var mask: String?

  @Option(help: "The seed that all random numbers derive from.")
  var seed = Number(1)

  @Option(
    help: ArgumentHelp("The file to write the examples to.", valueName: "examples.safetensors"),
    completion: .file())
  var out: String

  @OptionGroup var judging: JudgementOption
  @OptionGroup var existing: ReplaceOption
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let judgements = try judging.count()
    let plan = try asUsage {
      try attackPlan(attack, epsilons: budgets(epsilon), target: target, mask: mask)
    }
    output.show(notices: plan.notices)
    let (reference, named, place) = (
      try DataReference(data), try NamedModel(model), URL(filePath: out)
    )
    try ReplaceOption.check(place, isNoneOf: [reference.path, named.url] + plan.attack.files)
    try AtomicFile.probe(place)
    let images = try output.load(reference, .test).chosen(
      first: chosen.count, sample: chosen.sample, seed: seed
    ) { output.progress.note($0) }
    try plan.goal.validate(classCount: images.classCount)
    try plan.checkMasks(of: images)
    let loaded = try architecture.load(named, for: images, device: device)
    let source = Contestant(name: named.name, loaded)
    let runner = try TransferRunner(
      plan: plan, source: source, victims: [source], data: images, seed: seed,
      evaluator: engine.evaluator(), judgements: judgements
    ) { try output.loadTraining(reference) }
    let request = runner.request
    let there = ExampleSet.request(of: place)
    try existing.check(place) { there != nil }
    if let there, there != request {
      Console.report("crossfire: \(out) held the examples of another request; they are replaced\n")
    }
    let leftOut = try asUsage { try plan.leftOut(of: runner.data) }
    let progress = output.progress
    let probe = ModelProbe(
      checking: source, on: runner.data, beside: [plan], seed: seed, progress: progress)
    try probe.allow([plan], classCount: images.classCount)
    progress.begin("\(plan.name) on \(named.name)", total: runner.count, unit: "examples")
    let journal = BatchJournal(for: place, request: request)
    let (result, examples) = try runner.run(keep: images.count, journal: journal) {
      progress.update($0)
    }
    progress.end(nil)
    try examples?.write(to: place)
    journal.remove()
    let checks = SingleChecks(
      probes: [probe], results: [result], plans: [plan], classCount: images.classCount)
    let lines = [checks.text, "", table(result.cells()), leftOut, spent(result), out]
    try output.show(
      Report(
        cells: result.cells(), spending: result.spending(), seconds: result.cost.seconds,
        flags: checks.flags, notChecked: checks.notChecked),
      lines.compactMap { $0 }.joined(separator: "\n"))
  }

  private struct Report: Encodable {
    let cells: [GridCell]
    let spending: AttackSpending
    let seconds: Double
    let flags: [TrustFlag]
    let notChecked: [SingleChecks.Unmade]
  }

  /// One line that says what the attack cost.
  private func spent(_ result: TransferResult) -> String {
    let spending = result.spending()
    let each = result.cost.seconds / Double(max(1, spending.examples))
    func passes(_ number: Double, _ direction: String) -> String {
      "\(number.plainDecimal) \(direction) pass\(number == 1 ? "" : "es")"
    }
    return "cost per example: \(passes(spending.forwardsPerExample, "forward")), "
      + "\(passes(spending.backwardsPerExample, "backward")), \((each * 1000).twoDigits) ms"
  }

  private func table(_ cells: [GridCell]) -> String {
    let isRepeated = cells.contains { $0.judgements != nil }
    var table = TextTable(
      ["epsilon", "examples", "accuracy", "95 % interval", "target reached"]
        + (isRepeated ? JudgementOption.columns : []))
    for cell in cells {
      table.add(
        [
          cell.epsilon.plainDecimal, "\(cell.examples)", cell.accuracy.percent,
          "\(cell.interval.lowerBound.percent) to \(cell.interval.upperBound.percent)",
          cell.targetedSuccess.map(\.percent) ?? "-",
        ] + (cell.judgements.map(JudgementOption.fields) ?? []))
    }
    return table.text
  }
}
