import ArgumentParser
import Defenses
import Evaluation
import Foundation
import ModelCore
import Reports
import Support

struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Choose a setting of a defense on held-out training images.",
    discussion: """
      Trains the defended model once for every value of the setting, and the
      undefended model once, all without the held-out images. A value is admissible
      if its model has at least 97 % of the undefended model's accuracy on the clean
      held-out images. Among these, the command chooses the value whose model is the
      most accurate on the undefended model's FGSM examples of the held-out images
      (mean over ε = 0.1, 0.2 and 0.3). This is the rule of A. Ross, "Training
      Machine Learning Models by Regularizing their Explanations" (2018).

      With --rule worst-group it chooses the value whose model is the most accurate
      in its worst group of the held-out images. This needs data with groups, and
      no undefended model.

      Test images are never used. After an interruption the same command continues.

      EXAMPLES
        crossfire tune Experiments/ross2018-mnist.yaml --model double-backprop \\
          --reference normal --setting lambda --values 1 3 10 30 100 --out tuned
        crossfire tune groups.yaml --model robust --setting lambda \\
          --values 0.1 1 10 --rule worst-group --validation data --out tuned
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(help: "The experiment's model whose defense is tuned.")
  var model: String

  @Option(help: "The experiment's undefended model; the rule black-box needs one.")
  var reference: String?

  @Option(help: "The setting of the defense.")
  var setting = "lambda"

  @Option(parsing: .upToNextOption, help: "The values to try: 1 10 100 or 1,10,100.")
  var values: [Number]

  @Option(
    help: ArgumentHelp(
      "Hold out N training images; or data, to compare the models on the data's own validation "
        + "images. (default: data if the model's training says so, otherwise 5000)",
      valueName: "n"))
  var validation: Number?

  @Option(
    help: "How the value is chosen: black-box or worst-group.")
  var rule = Tuning.Rule.blackBox

  @Option(help: "Train for this number of epochs instead of the experiment's.")
  var epochs: Number?

  @Option(
    help: ArgumentHelp("The folder for models and results.", valueName: "dir"),
    completion: .directory)
  var out: String

  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let values = try values.separated.map {
      try $0.real(
        "--values", in: -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
        expected: "a number", hint: "for example --values 1 10 100")
    }
    let epochs = try epochs?.whole("--epochs", in: 1...100_000)
    let stated = try statedValidation
    let experiment = try output.experiment(file)
    let validation = stated ?? defaultValidation(of: experiment)
    let folder = try RunFolder(URL(filePath: out))
    let run = try TuningRun(
      experiment, model: model, reference: reference, setting: setting, values: values,
      validation: validation, rule: rule, epochs: epochs, folder: folder, device: device,
      progress: output.progress)
    let tuning = try run.run()
    let figure = folder.url.appending(path: "tuning.svg")
    try AtomicFile.write(TuningCurve(tuning).svg(), to: figure)
    let checks = tuning.checks.map { $0.text + "\n\n" } ?? ""
    let table = rule == .worstGroup ? groupTable(tuning) : table(tuning)
    let choice = rule == .worstGroup ? groupChoice(tuning) : choice(tuning)
    try output.show(
      tuning.record, "\(checks)\(table)\n\n\(choice)\ncurve: \(figure.path)")
    guard tuning.chosen != nil else {
      throw Failure(.failed, choice, hint: "try smaller values of \(setting)")
    }
  }

  /// The images on which the models are compared, if the option says so.
  private var statedValidation: ValidationImages? {
    get throws {
      guard let validation else { return nil }
      if validation.text == ValidationImages.data.description { return .data }
      return .heldOut(try validation.whole("--validation", in: 1...10_000_000))
    }
  }

  /// The data's own validation images if the model is watched on them; otherwise 5,000 training
  /// images.
  private func defaultValidation(of experiment: Experiment) -> ValidationImages {
    let plan = experiment.models.first { $0.name == model }
    guard case .training(let training)? = plan?.origin, training.settings.validation == .data
    else { return 5000 }
    return .data
  }

  private func groupTable(_ tuning: Tuning) -> String {
    var table = TextTable([setting, "accuracy", "mean", "worst", "95 % interval", "group", ""])
    func row(_ name: String, _ clean: Double, _ groups: GroupAccuracies?, _ remark: String) {
      guard let groups else { return }
      table.add([
        name, clean.percent, groups.mean.percent, groups.worst.accuracy.percent,
        groups.worstInterval.percent, groups.worst.name, remark,
      ])
    }
    row(
      tuning.reference, tuning.referenceCells.first?.accuracy ?? 0, tuning.referenceByGroup, "")
    for candidate in tuning.candidates {
      row(
        candidate.value.plainDecimal, candidate.clean, candidate.byGroup,
        candidate == tuning.chosen ? "chosen" : "")
    }
    return table.text
  }

  private func groupChoice(_ tuning: Tuning) -> String {
    guard let chosen = tuning.chosen else { return "no value of \(setting) was tried" }
    return
      "chosen: \(setting) = \(chosen.value.plainDecimal), the most accurate in its worst "
      + "group of the held-out images"
  }

  private func table(_ tuning: Tuning) -> String {
    var table = TextTable(
      [setting, "clean"] + Tuning.epsilons.map { "fgsm \($0)" } + ["mean", ""])
    func row(_ name: String, _ cells: [GridCell], _ mean: Double, _ remark: String) {
      table.add([name] + cells.map(\.accuracy.percent) + [mean.percent, remark])
    }
    row(
      tuning.reference, tuning.referenceCells,
      Tuning.Candidate(value: 0, cells: tuning.referenceCells).blackBox, "")
    for candidate in tuning.candidates {
      let remark =
        candidate == tuning.chosen
        ? "chosen" : tuning.isAdmissible(candidate) ? "" : "not accurate enough"
      row(candidate.value.plainDecimal, candidate.cells, candidate.blackBox, remark)
    }
    return table.text
  }

  private func choice(_ tuning: Tuning) -> String {
    let images = tuning.referenceCells.first?.images ?? 0
    let bound = "\(tuning.leastClean.percent) accuracy on the \(images) clean held-out images"
    guard let chosen = tuning.chosen else {
      return "\(model) keeps less than \(bound) with every value of \(setting)"
    }
    return
      "chosen: \(setting) = \(chosen.value.plainDecimal), the most accurate on the adversarial "
      + "examples of \(tuning.reference) among the values that keep at least \(bound)"
  }
}

extension Tuning.Rule: ExpressibleByArgument {}
