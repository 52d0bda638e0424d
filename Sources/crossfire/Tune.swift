import ArgumentParser
import Evaluation
import Foundation
import ModelCore
import Reports
import Support

struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Choose a defense's setting on images held out of training.",
    discussion: """
      Trains one model of an experiment for every value, and the undefended model,
      without the images held out. Chooses the value whose model is the most
      accurate on the undefended model's FGSM examples of those images (the mean
      over ε = 0.1, 0.2, 0.3), among those at least 97 % as accurate as it on the
      images as they are. Test images are never looked at. Goes on where it was
      stopped.

      EXAMPLE
        crossfire tune Experiments/ross2018-mnist.yaml --model double-backprop \\
          --reference normal --setting lambda --values 1 3 10 30 100 --out tuned
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(help: "The model of it whose defense is tuned.")
  var model: String

  @Option(help: "The undefended model of it.")
  var reference: String

  @Option(help: "The defense's setting.")
  var setting = "lambda"

  @Option(parsing: .upToNextOption, help: "What to try: 1 10 100 or 1,10,100.")
  var values: [String]

  @Option(help: ArgumentHelp("Hold out N training images.", valueName: "n"))
  var validation = 5000

  @Option(help: "Passes over the training images, instead of the experiment's.")
  var epochs: Int?

  @Option(help: ArgumentHelp("The folder for models and results.", valueName: "dir"))
  var out: String

  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let experiment = try Experiment(URL(filePath: file))
    let folder = try RunFolder(URL(filePath: out))
    let run = try TuningRun(
      experiment, model: model, reference: reference, setting: setting, values: numbers(),
      validation: validation,
      epochs: epochs,
      folder: folder, device: device, progress: output.progress)
    let tuning = try run.run()
    let figure = folder.url.appending(path: "tuning.svg")
    try AtomicFile.write(TuningCurve(tuning).svg(), to: figure)
    try output.show(tuning.record, "\(table(tuning))\n\n\(choice(tuning))\ncurve: \(figure.path)")
    guard tuning.chosen != nil else {
      throw Failure(.failed, choice(tuning), hint: "try smaller values")
    }
  }

  private func numbers() throws -> [Double] {
    let words = values.flatMap { $0.split(separator: ",") }
    let numbers = words.map { Double($0) ?? .nan }
    guard let wrong = numbers.firstIndex(where: { !$0.isFinite }) else { return numbers }
    throw Failure.usage(
      "--values \(words[wrong]): expected a number", hint: "for example --values 1 10 100")
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
    let bound = "at least \(tuning.leastClean.percent) right on \(validation) clean images held out"
    guard let chosen = tuning.chosen else {
      return "no value of \(setting) leaves \(model) \(bound)"
    }
    return
      "\(setting) = \(chosen.value.plainDecimal): the best on \(tuning.reference)'s examples of those \(bound)"
  }
}
