import ArgumentParser
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
      Machine Learning Models by Regularizing their Explanations" (2018). Test
      images are never used. After an interruption the same command continues.

      EXAMPLE
        crossfire tune Experiments/ross2018-mnist.yaml --model double-backprop \\
          --reference normal --setting lambda --values 1 3 10 30 100 --out tuned
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(help: "The experiment's model whose defense is tuned.")
  var model: String

  @Option(help: "The experiment's undefended model.")
  var reference: String

  @Option(help: "The setting of the defense.")
  var setting = "lambda"

  @Option(parsing: .upToNextOption, help: "The values to try: 1 10 100 or 1,10,100.")
  var values: [Number]

  @Option(help: ArgumentHelp("Hold out N training images.", valueName: "n"))
  var validation = Number(5000)

  @Option(help: "Train for this number of epochs instead of the experiment's.")
  var epochs: Number?

  @Option(help: ArgumentHelp("The folder for models and results.", valueName: "dir"))
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
    let validation = try validation.whole("--validation", in: 1...10_000_000)
    let epochs = try epochs?.whole("--epochs", in: 1...100_000)
    let experiment = try output.experiment(file)
    let folder = try RunFolder(URL(filePath: out))
    let run = try TuningRun(
      experiment, model: model, reference: reference, setting: setting, values: values,
      validation: validation, epochs: epochs, folder: folder, device: device,
      progress: output.progress)
    let tuning = try run.run()
    let figure = folder.url.appending(path: "tuning.svg")
    try AtomicFile.write(TuningCurve(tuning).svg(), to: figure)
    let checks = tuning.checks.map { $0.text + "\n\n" } ?? ""
    try output.show(
      tuning.record,
      "\(checks)\(table(tuning))\n\n\(choice(tuning, validation))\ncurve: \(figure.path)")
    guard tuning.chosen != nil else {
      throw Failure(.failed, choice(tuning, validation), hint: "try smaller values of \(setting)")
    }
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

  private func choice(_ tuning: Tuning, _ validation: Int) -> String {
    let bound = "\(tuning.leastClean.percent) accuracy on the \(validation) clean held-out images"
    guard let chosen = tuning.chosen else {
      return "\(model) keeps less than \(bound) with every value of \(setting)"
    }
    return
      "chosen: \(setting) = \(chosen.value.plainDecimal), the most accurate on the adversarial "
      + "examples of \(tuning.reference) among the values that keep at least \(bound)"
  }
}
